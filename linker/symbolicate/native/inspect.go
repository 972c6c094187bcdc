package native

import (
	"bytes"
	"debug/elf"
	"debug/macho"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
)

// Formats of debug files.
const (
	ELF      = "elf"
	MachO    = "macho"
	Breakpad = "breakpad"
	PE       = "pe"
	PDB      = "pdb"
)

// Object is one program in a debug file; a fat Mach-O has several.
type Object struct {
	Format   string
	DebugID  string
	CodeID   string // lower-case hex, or empty
	CPU      string // x86_64, arm64, …
	Type     string // exe, dbg, lib
	Features []string
}

// Inspect says what is in a debug file of size bytes. Its errors are for a person, apart from those of the reader.
func Inspect(r io.ReaderAt, size int64) (objects []Object, err error) {
	defer func() {
		if v := recover(); v != nil { // the standard library's readers are made for good files
			objects, err = nil, fmt.Errorf("the file is damaged (%v)", v)
		}
	}()
	head := make([]byte, min(size, 512))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte(elf.ELFMAG)):
		return inspectELF(r)
	case isMachO(head):
		return inspectMachO(r, head)
	case bytes.HasPrefix(head, []byte("MODULE ")):
		return inspectBreakpad(head)
	case bytes.HasPrefix(head, []byte("MZ")), bytes.HasPrefix(head, []byte("Microsoft C/C++ MSF 7.00")), bytes.HasPrefix(head, []byte("BSJB")):
		return nil, fmt.Errorf("PE and PDB files are not read; make Breakpad symbols of them with dump_syms")
	}
	return nil, fmt.Errorf("it is no ELF, no Mach-O and no Breakpad symbol file")
}

func isMachO(head []byte) bool {
	if len(head) < 8 {
		return false
	}
	switch binary.LittleEndian.Uint32(head) {
	case macho.Magic32, macho.Magic64:
		return true
	}
	switch binary.BigEndian.Uint32(head) {
	case macho.Magic32, macho.Magic64:
		return true
	case macho.MagicFat:
		return binary.BigEndian.Uint32(head[4:]) < 20 // a Java class has its version here
	}
	return false
}

func inspectELF(r io.ReaderAt) ([]Object, error) {
	f, err := elf.NewFile(r)
	if err != nil {
		return nil, fmt.Errorf("it is no readable ELF file (%v)", err)
	}
	id := buildID(f)
	if id == nil {
		return nil, fmt.Errorf("the ELF file has no build id: link with --build-id")
	}
	o := Object{Format: ELF, CodeID: hex.EncodeToString(id), DebugID: elfDebugID(id, f.ByteOrder), CPU: elfCPU(f.Machine), Type: "exe"}
	if f.Type == elf.ET_DYN {
		o.Type = "lib"
	}
	for _, s := range f.Sections {
		switch {
		case s.Type == elf.SHT_NOBITS:
			if s.Name == ".text" {
				o.Type = "dbg" // the code was taken out
			}
		case s.Name == ".debug_info" || s.Name == ".zdebug_info":
			o.Features = append(o.Features, "debug")
		case s.Name == ".symtab":
			o.Features = append(o.Features, "symtab")
		case s.Name == ".eh_frame" || s.Name == ".debug_frame":
			if len(o.Features) == 0 || o.Features[len(o.Features)-1] != "unwind" {
				o.Features = append(o.Features, "unwind")
			}
		}
	}
	return []Object{o}, nil
}

const maxNotes = 1 << 20

// buildID gives the GNU build id.
func buildID(f *elf.File) []byte {
	for _, s := range f.Sections {
		if s.Type != elf.SHT_NOTE || s.Size > maxNotes {
			continue
		}
		b, err := s.Data()
		if err != nil {
			continue
		}
		for len(b) >= 12 {
			name, desc, kind := f.ByteOrder.Uint32(b), f.ByteOrder.Uint32(b[4:]), f.ByteOrder.Uint32(b[8:])
			if name > maxNotes || desc > maxNotes {
				break
			}
			at := 12 + int(name+3)&^3
			end := at + int(desc)
			if end > len(b) {
				break
			}
			if kind == 3 && strings.TrimRight(string(b[12:12+name]), "\x00") == "GNU" && desc > 0 && desc <= 64 {
				return b[at:end]
			}
			b = b[min(len(b), at+int(desc+3)&^3):]
		}
	}
	return nil
}

// elfDebugID makes a debug id of a build id, as Breakpad does: its first 16 bytes as a GUID in the file's byte order.
func elfDebugID(id []byte, order binary.ByteOrder) string {
	var g [16]byte
	copy(g[:], id)
	if order == binary.LittleEndian {
		g[0], g[1], g[2], g[3] = g[3], g[2], g[1], g[0]
		g[4], g[5] = g[5], g[4]
		g[6], g[7] = g[7], g[6]
	}
	s, _ := envelope.ParseDebugID(hex.EncodeToString(g[:]))
	return s
}

func elfCPU(m elf.Machine) string {
	switch m {
	case elf.EM_X86_64:
		return "x86_64"
	case elf.EM_386:
		return "x86"
	case elf.EM_AARCH64:
		return "arm64"
	case elf.EM_ARM:
		return "arm"
	}
	return strings.ToLower(strings.TrimPrefix(m.String(), "EM_"))
}

// loadUUID is the load command that has a Mach-O's UUID.
const loadUUID = 0x1b

// machOs gives the programs of a Mach-O file, fat or not.
func machOs(r io.ReaderAt, head []byte) ([]*macho.File, error) {
	if binary.BigEndian.Uint32(head) == macho.MagicFat {
		fat, err := macho.NewFatFile(r)
		if err != nil {
			return nil, fmt.Errorf("it is no readable Mach-O file (%v)", err)
		}
		var out []*macho.File
		for i := range fat.Arches {
			out = append(out, fat.Arches[i].File)
		}
		return out, nil
	}
	f, err := macho.NewFile(r)
	if err != nil {
		return nil, fmt.Errorf("it is no readable Mach-O file (%v)", err)
	}
	return []*macho.File{f}, nil
}

func machOUUID(f *macho.File) string {
	for _, l := range f.Loads {
		raw := l.Raw()
		if len(raw) >= 24 && f.ByteOrder.Uint32(raw) == loadUUID {
			s, _ := envelope.ParseDebugID(hex.EncodeToString(raw[8:24]))
			return s
		}
	}
	return ""
}

func inspectMachO(r io.ReaderAt, head []byte) ([]Object, error) {
	files, err := machOs(r, head)
	if err != nil {
		return nil, err
	}
	var out []Object
	for _, f := range files {
		id := machOUUID(f)
		if id == "" {
			continue
		}
		o := Object{Format: MachO, DebugID: id, CodeID: strings.ReplaceAll(id, "-", ""), CPU: machOCPU(f), Type: "exe"}
		const dylib, dsym = 6, 10
		switch f.Type {
		case dylib:
			o.Type = "lib"
		case dsym:
			o.Type = "dbg"
		}
		if f.Section("__debug_info") != nil || f.Section("__zdebug_info") != nil {
			o.Features = append(o.Features, "debug")
		}
		if f.Symtab != nil && len(f.Symtab.Syms) > 0 {
			o.Features = append(o.Features, "symtab")
		}
		out = append(out, o)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("the Mach-O file has no UUID")
	}
	return out, nil
}

func machOCPU(f *macho.File) string {
	switch f.Cpu {
	case macho.CpuAmd64:
		return "x86_64"
	case macho.Cpu386:
		return "x86"
	case macho.CpuArm64:
		return "arm64"
	case macho.CpuArm:
		return "arm"
	}
	return strings.ToLower(f.Cpu.String())
}

// inspectBreakpad reads "MODULE linux x86_64 <debug id> name".
func inspectBreakpad(head []byte) ([]Object, error) {
	line, _, _ := strings.Cut(string(head), "\n")
	parts := strings.Fields(line)
	if len(parts) < 5 {
		return nil, fmt.Errorf("the MODULE line of the Breakpad file is not complete")
	}
	id, ok := envelope.ParseDebugID(parts[3])
	if !ok {
		return nil, fmt.Errorf("the MODULE line of the Breakpad file has no debug id")
	}
	return []Object{{Format: Breakpad, DebugID: id, CPU: strings.ToLower(parts[2]), Type: "dbg", Features: []string{"debug", "symtab"}}}, nil
}
