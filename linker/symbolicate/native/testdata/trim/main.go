// Command trim empties what no reader of debug information looks at in a Mach-O program, and packs it: its argument is F, it writes F.gz.
package main

import (
	"compress/gzip"
	"debug/macho"
	"log"
	"os"
	"slices"
)

func main() {
	name := os.Args[1]
	b, err := os.ReadFile(name)
	check(err)
	m, err := macho.Open(name)
	check(err)
	kept := []string{"__zdebug_abbrev", "__zdebug_line", "__zdebug_info", "__zdebug_ranges"}
	for _, s := range m.Sections {
		if s.Offset != 0 && !slices.Contains(kept, s.Name) {
			clear(b[s.Offset : uint64(s.Offset)+s.Size])
		}
	}
	f, err := os.Create(name + ".gz")
	check(err)
	z, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	check(err)
	_, err = z.Write(b)
	check(err)
	check(z.Close())
	check(f.Close())
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
