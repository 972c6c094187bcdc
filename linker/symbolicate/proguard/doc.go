// Package proguard undoes what ProGuard and R8 do to names, by the mapping file that they write
// (https://www.guardsquare.com/manual/tools/retrace, https://r8.googlesource.com/r8/+/main/doc/retrace.md): classes, methods by
// line ranges, and methods that were inlined into others. It is pure; the path through it is [Parse] and [Mapping.Frame].
package proguard
