// Package e2e tests the shipped binary from outside: real SDKs send to it, a real browser looks at
// it, and it is killed while it works. Nothing here imports the rooms.
//
// The tests run with HINDSIGHT_E2E=1 (`make e2e`), on bin/hindsight as it was built. Browser parts
// are the scripts in browser/, run with Node and Debian's Chromium.
package e2e
