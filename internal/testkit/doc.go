// Package testkit gives tests real backends: a Postgres server, a NATS server and, in package
// s3test, an S3 server. Nothing is faked and nothing is left behind: each server listens on
// loopback only and ends with the test binary, however that ends.
//
// A backend that cannot be had skips the test with a line that says why; with REQUIRE_BACKENDS=1 in
// the environment it fails the test instead, so that a full run cannot pass on less.
package testkit
