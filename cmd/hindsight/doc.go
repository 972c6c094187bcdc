// Command hindsight is the whole product in one binary: the relay, the linker, the API with the UI,
// and the commands that look after them.
//
// It only wires: [serve.go] reads top to bottom as the architecture does. Settings come from flags,
// then HINDSIGHT_* variables (or HINDSIGHT_*_FILE naming a file that holds the value), then a YAML
// file, then defaults that need nothing but a folder.
package main
