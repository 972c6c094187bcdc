// Command bench measures how many envelopes per second the shipped binary accepts and fully
// processes, against a bare net/http server that only reads the same bodies, in one run.
//
// These are ratios: both servers run as processes of their own on this machine, in turn, several
// rounds, under the same load; a figure without its peer says little. `make bench` runs it.
package main
