// Package sourcemap finds in a source map where a place in generated code came from (ECMA-426, version 3, with sections).
//
// A map may have 256 MiB and come from anybody with a token, so it is walked through without being decoded: what is kept is its
// text, or of a large one ([Read]) the mappings' text and where each source's is, with a mark every so many mappings; a look-up
// decodes from the nearest mark. So what is retained is little more than the text ([Map.Bytes]), for any map. A map that contradicts itself (a source or a name that is not there, a number out of
// range) is refused as a whole with its first fault: half a map gives wrong lines, which are worse than none.
//
// It is pure, and safe for use by several goroutines. The path through it is [Parse] or [Read], and then [Map.Find].
package sourcemap
