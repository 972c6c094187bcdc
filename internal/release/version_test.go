package release

import (
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for raw, want := range map[string]struct {
		pkg, short, pre, build string
		numbers                []int64
	}{
		"shop@1.2.3+77":                        {"shop", "1.2.3+77", "", "77", []int64{1, 2, 3}},
		"@acme/shop@1.2.3-rc.1":                {"@acme/shop", "1.2.3-rc.1", "rc.1", "", []int64{1, 2, 3}},
		"v2.0":                                 {"", "v2.0", "", "", []int64{2, 0}},
		"1.0rc1":                               {"", "1.0rc1", "rc1", "", []int64{1, 0}},
		"1.2.3.4":                              {"", "1.2.3.4", "", "", []int64{1, 2, 3, 4}},
		"2026.11.28":                           {"", "2026.11.28", "", "", []int64{2026, 11, 28}},
		"2026-11-28-2":                         {"", "2026-11-28-2", "", "", []int64{2026, 11, 28, 2}},
		"20261128":                             {"", "20261128", "", "", []int64{20261128}},
		"app@7":                                {"app", "7", "", "", []int64{7}},
		"shop@frontend":                        {"shop", "frontend", "", "", nil},
		"1.2.3.4.5":                            {"", "1.2.3.4.5", "", "", nil},
		"12abc":                                {"", "12abc", "", "", nil},
		"9f3c2a1":                              {"", "9f3c2a1", "", "", nil},
		"1e10":                                 {"", "1e10", "", "", nil},
		"9999999999999999999999":               {"", "9999999999999999999999", "", "", nil},
		"12345678-aaaa-bbbb-cccc-0123456789ab": {"", "12345678-aaaa-bbbb-cccc-0123456789ab", "", "", nil},
		"7fd1a60b01f91b314f59955a4e4d4e80d8edf11d": {"", "7fd1a60b01f9", "", "", nil},
	} {
		v := Parse(raw)
		if v.Package != want.pkg || v.Short() != want.short || v.PreRelease != want.pre || v.Build != want.build || !slices.Equal(v.Numbers, want.numbers) {
			t.Errorf("%s: %+v", raw, v)
		}
	}
}

// Each line is in order; every pair of it is compared, both ways.
func TestOrder(t *testing.T) {
	for _, line := range []string{
		// semver.org §11, and what a build adds
		"1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.0.1 1.2.0 1.10.0 2.0.0 10.0.0",
		"1.0.0 1.0.0+2 1.0.0+10 1.0.0+10.1 1.0.0+abc",
		"1.0.0-a 1.0.0-a-b 1.0.0-a_b 1.0.0-a0 1.0.0-aa 1.0.0",
		"2026.1.9 2026.1.10 2026.11.1 2026-11-02 2026-11-02-3 2026.11.2.20",
		"0 1 1.0.1 9.99999 999999999999999999.0",
		"1.0.0-5 1.0.0-18 1.0.0-99999999999999999999 1.0.0-B 1.0.0-a",
	} {
		words := strings.Fields(line)
		for i, x := range words {
			for j, y := range words {
				want := min(max(i-j, -1), 1)
				if got := Compare(Parse("p@"+x), Parse("p@"+y)); got != want {
					t.Errorf("Compare(%s, %s) = %d, want %d", x, y, got, want)
				}
			}
		}
	}
	if Compare(Parse("1.0"), Parse("1.0.0")) != 0 || Compare(Parse("v1.0.0"), Parse("1.0.0")) != 0 {
		t.Error("a missing component is 0, and a v says nothing")
	}
	if !Comparable(Parse("a@1"), Parse("a@2")) || Comparable(Parse("a@1"), Parse("b@2")) || Comparable(Parse("a@1"), Parse("a@next")) {
		t.Error("only ordered versions of one package are comparable")
	}
}

func TestValid(t *testing.T) {
	for s, want := range map[string]bool{
		"shop@1.0.0": true, "@acme/shop@1.0.0": true, "a b": true, "1.0+b/c": true, "a@1/2": true, "": false, ".": false, "..": false, "Latest": false,
		"a\nb": false, "a\tb": false, ` a`: false, `a\b`: false, "a@": false, strings.Repeat("x", 201): false,
	} {
		if Valid(s) != want {
			t.Errorf("Valid(%q) = %v", s, !want)
		}
	}
}

func FuzzSortKey(f *testing.F) {
	for _, s := range []string{"shop@1.2.3-rc.1+77", "2026-11-28", "1.0.0-a_b-c", "v1+0.x", "00.1-01"} {
		f.Add(s, "1.0.0")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		x, y := Parse(a), Parse(b)
		for _, v := range []Version{x, y} {
			key := v.SortKey()
			if v.Ordered() != (key != "") || strings.ContainsFunc(key, func(r rune) bool {
				return r != '-' && !('0' <= r && r <= '9') && !('a' <= r && r <= 'z') && !('A' <= r && r <= 'Z')
			}) || len(key) > 4*MaxLen {
				t.Fatalf("%q has the key %q", v.Raw, key)
			}
		}
		if Compare(x, y) != -Compare(y, x) {
			t.Fatalf("%q and %q are not in one order", a, b)
		}
	})
}

// Each text names what is between it and the versions that fit.
func TestBetween(t *testing.T) {
	all := strings.Fields("a@0.9 a@1.0.0-rc.1 a@1.0.0 a@1.0.0+5 a@1.0.1 a@1.2 a@1.2.9-beta b@1.2.9 a@1.10 a@2.0")
	for question, want := range map[string]string{
		"= 1.0.0": "a@1.0.0 a@1.0.0+5", "= 1": "a@1.0.0 a@1.0.0+5", "= 1.0.0+5": "a@1.0.0+5", "= 1.0.0-rc.1": "a@1.0.0-rc.1", "= a@1.2.*": "a@1.2 a@1.2.9-beta", "= 1.2.*": "a@1.2 a@1.2.9-beta b@1.2.9",
		"> 1.0.0": "a@1.0.1 a@1.2 a@1.2.9-beta b@1.2.9 a@1.10 a@2.0", ">= a@1.10": "a@1.10 a@2.0", "< 1.0.0": "a@0.9 a@1.0.0-rc.1", "<= 1.0.0": "a@0.9 a@1.0.0-rc.1 a@1.0.0 a@1.0.0+5", "= 1.*": "a@1.0.0-rc.1 a@1.0.0 a@1.0.0+5 a@1.0.1 a@1.2 a@1.2.9-beta b@1.2.9 a@1.10",
	} {
		op, text, _ := strings.Cut(question, " ")
		pkg, from, to, ok := Between(op, text)
		var got []string
		for _, s := range all {
			if v := Parse(s); from <= v.SortKey() && v.SortKey() < to && (pkg == "" || pkg == v.Package) {
				got = append(got, s)
			}
		}
		if g := strings.Join(got, " "); !ok || g != want {
			t.Errorf("%s: %s, want %s", question, g, want)
		}
	}
	for _, s := range []string{"", "*", "next", "1.2*", "a@", "1.0-rc.*", "a1b2c3d4e5"} {
		if _, _, _, ok := Between("=", s); ok {
			t.Errorf("%q is no version", s)
		}
	}
	if _, _, _, ok := Between(">", "1.*"); ok {
		t.Error("> 1.* says nothing")
	}
}
