package proguard

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const mapping = `# compiler: R8
com.shop.Cart -> a.a:
# {"id":"sourceFile","fileName":"Cart.kt"}
    int total -> a
    1:1:void com.shop.Money.charge(int):20:20 -> a
    1:1:void pay(int):31 -> a
    2:5:void pay(int):32:35 -> a
    1:3:void clear():7:9 -> b
    void <init>() -> <init>
com.shop.Order$Line -> b:
    void send() -> a
    void send(int) -> a
    void stop() -> c
    void start() -> c
`

func TestFrame(t *testing.T) {
	m, err := Parse(mapping)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		class, method string
		line          int
		want          []Frame
	}{
		{"a.a", "a", 1, []Frame{{"com.shop.Money", "charge", "Money.java", 20}, {"com.shop.Cart", "pay", "Cart.kt", 31}}},
		{"a.a", "a", 4, []Frame{{"com.shop.Cart", "pay", "Cart.kt", 34}}},
		{"a.a", "b", 2, []Frame{{"com.shop.Cart", "clear", "Cart.kt", 8}}},
		{"a.a", "b", 99, []Frame{{"com.shop.Cart", "b", "Cart.kt", 99}}},
		{"a.a", "<init>", 3, []Frame{{"com.shop.Cart", "<init>", "Cart.kt", 3}}},
		{"b", "a", 0, []Frame{{"com.shop.Order$Line", "send", "Order.java", 0}}},
		{"b", "c", 0, []Frame{{"com.shop.Order$Line", "c", "Order.java", 0}}},
		{"x", "a", 1, nil},
	} {
		if d := cmp.Diff(c.want, m.Frame(c.class, c.method, c.line)); d != "" {
			t.Errorf("%s.%s:%d: %s", c.class, c.method, c.line, d)
		}
	}
	if name, ok := m.Class("b"); !ok || name != "com.shop.Order$Line" {
		t.Errorf("class: %q %v", name, ok)
	}
}

func TestNoMapping(t *testing.T) {
	for _, text := range []string{"", "x", strings.Repeat("    void a() -> b\n", 100), "\x00\x01"} {
		if _, err := Parse(text); err == nil {
			t.Errorf("%.20q was taken", text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(mapping, "a.a", "a", 1)
	f.Fuzz(func(t *testing.T, text, class, method string, line int) {
		if m, err := Parse(text); err == nil {
			m.Frame(class, method, line)
		}
	})
}
