// Package outbound is the one HTTP client for addresses that somebody else chose: upstreams,
// webhooks. It never reaches into the network it stands in, unless the operator says so.
//
// The address is judged where it counts, on the connection that is being made: whatever a name
// resolved to a moment ago, the socket's own target decides. Redirects are not followed and proxy
// variables are not read, since both would choose another target.
package outbound
