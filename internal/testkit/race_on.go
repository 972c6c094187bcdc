//go:build race

package testkit

// Sized gives the size of a test: with the race detector a tenth of the whole.
func Sized(whole int) int { return whole / 10 }
