// Package native reads debug files of compiled programs: ELF and Mach-O with DWARF or a symbol table, and Breakpad's
// text. It says what is in one ([Inspect]) and what lies at an address ([File.Find]).
//
// Debug files come from whoever holds a token. They are bounded in size before they are read, sections before they are
// unpacked, and a reader that panics on what it meets makes an error of it. Nothing is run.
//
// What it does not read: PDB and PE (kept, not used), Swift's names, and how to walk a stack (docs/symbolication.md).
package native
