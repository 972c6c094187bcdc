package testkit

import (
	"crypto/rand"
	"encoding/hex"
	"os"
	"testing"
)

// Missing ends a test whose backend is not there: skipped on a developer's machine, failed where
// REQUIRE_BACKENDS=1 promises that every backend is tested.
func Missing(tb testing.TB, backend string, why any) {
	tb.Helper()
	if os.Getenv("REQUIRE_BACKENDS") == "1" {
		tb.Fatalf("%s is required (REQUIRE_BACKENDS=1) but missing: %v", backend, why)
	}
	tb.Skipf("%s is missing, skipped (REQUIRE_BACKENDS=1 makes this a failure): %v", backend, why)
}

// Name gives prefix and 12 random hex digits: a name for a database or a bucket of one test.
func Name(prefix string) string {
	var b [6]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return prefix + hex.EncodeToString(b[:])
}
