package main

type Cart struct{ n int }

func inlined(n int) int {
	if n == 7 {
		panic("declined")
	}
	return n * 2
}

//go:noinline
func (c *Cart) Pay() int {
	return inlined(c.n)
}

var some = 7

func main() { c := &Cart{n: some}; println(c.Pay()) }
