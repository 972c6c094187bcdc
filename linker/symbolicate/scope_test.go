package symbolicate

import (
	"strings"
	"testing"
)

// The place is where @ stands.
func TestEnclosing(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{"function pay() {\n  @boom();\n}", "pay"},
		{"export default async function* pay<T>(a: T): Promise<void> { @x }", "pay"},
		{"const pay = () => { @x }", "pay"},
		{"const pay = async (a: number = 3): Promise<{a: string}> => { @x }", "pay"},
		{"const pay: Handler = (e) => @boom(e)", "pay"},
		{"const pay = function () { if (a) { for (;;) { @x } } }", "pay"},
		{"class Cart extends Base {\n  #n = 0;\n  static get total() { @x }\n}", "Cart.total"},
		{"class Cart { constructor(private a: A) { @x } }", "new Cart"},
		{"class Cart { add = (x) => { @x } }", "Cart.add"},
		{"class Cart { add<T>(x: T): void { @x } }", "Cart.add"},
		{"const Cart = class { add() { @x } }", "Cart.add"},
		{"const o = { a: 1, pay() { @x } }", "pay"},
		{"const o = { a: 1, pay: function () { @x } }", "pay"},
		{"const o = { 'pay': async (x) => @x }", "pay"},
		{"exports.pay = function (a) { @x }", "pay"},
		{"Cart.prototype.pay = () => { @x }", "pay"},
		{"function load() { list.map((x) => { @x }) }", "load/<"},
		{"function load() { list.map(function (x) { return @x }) }", "load/<"},
		{"function load() { list.map(x => x + @y) }", "load/<"},
		{"function load() { list.map(x => x + y); @z }", "load"},
		{"const f = x => x + 1\nconst g = y => @y", "g"},
		{"const f = x => x + 1\nfunction g() { @y }", "g"},
		{"function App() { return <button title=\"it's\" onClick={() => pay(@x)}>Don't {a}</button> }", "onClick"},
		{"function App() {\n return <p>Don't</p>\n}\nfunction b() { @x }", "b"},
		{"function App() {\n return <p>{list.map(x => <b key={x}>{@x}</b>)}</p>\n}", "App/<"},
		{"const s = `a ${f(() => { return `}` })} {`; function b() { @x }", "b"},
		{"const r = /[/{]}\"/.test(x); function b() { return a / @x / 2 }", "b"},
		{"// don't {\n/* { */ function b() { @x }", "b"},
		{"switch (a) { case 'x': { @y } }", ""},
		{"@top()", ""},
		{"function a() {}\n@top()", ""},
		{"const a = () => {}\n@top()", ""},
		{"button.addEventListener('click', () => { @boom() })", ""},
		{"function a() { try { x() } catch (e) { @y } finally { } }", "a"},
		{"function a() { const { b, c = {} } = d; @y }", "a"},
		{"export const useCart = create<State>()((set) => ({ items: [], add: (x) => set((s) => @s) }))", "add/<"},
		{"} } } function a() { @x }", ""},
		{"interface A { f(): void }\nexport function g(a: A): a is B { @x }", "g"},
		{"function a(b = { c: 1 }, [d] = []) { @x }", "a"},
		{"async function a() { for await (const x of y) { @z } }", "a"},
		{"function 日本(x) { '😀'; @z }", "日本"},
	} {
		at := strings.Index(c.source, "@")
		text := strings.Replace(c.source, "@", "", 1)
		line := strings.Count(text[:at], "\n")
		units := 0
		for _, r := range text[strings.LastIndexByte(text[:at], '\n')+1 : at] {
			if units++; r > 0xffff {
				units++
			}
		}
		got, known := enclosing(text, line, units)
		if got != c.want || known != (c.want != "") {
			t.Errorf("%s\n got %q %v, want %q", c.source, got, known, c.want)
		}
	}
}

func FuzzEnclosing(f *testing.F) {
	f.Add("const pay = async (a: number = 3): Promise<{a: string}> => { `${x}` }", 0, 30)
	f.Add("function App() { return <p onClick={() => /[/]/}>Don't</p> }", 0, 50)
	f.Fuzz(func(t *testing.T, text string, line, column int) {
		if line < 0 || column < 0 || line > 1000 {
			return
		}
		enclosing(text, line, column)
	})
}
