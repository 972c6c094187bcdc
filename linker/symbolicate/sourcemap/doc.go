// Package sourcemap finds in a source map where a place in generated code came from (ECMA-426, version 3, with sections).
//
// A map may have 100 MiB and come from anybody with a token, so it is read in one pass that keeps its text and a mark
// every so many mappings, not the mappings: a look-up decodes from the nearest mark. What is retained is little more
// than the map's text ([Map.Bytes]), for any map. A map that contradicts itself (a source or a name that is not there, a number out of
// range) is refused as a whole with its first fault: half a map gives wrong lines, which are worse than none.
//
// It is pure, and safe for use by several goroutines. The path through it is [Parse] and then [Map.Find].
package sourcemap
