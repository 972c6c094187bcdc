//go:build !race

package testkit

// Sized gives the size of a test whose point is a size, and not two goroutines: whole, or with the race detector,
// under which SQLite is ten times slower, a tenth. make scale runs such tests whole.
func Sized(whole int) int { return whole }
