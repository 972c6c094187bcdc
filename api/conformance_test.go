package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/hindsight-dev/hindsight/store/storetest"
)

// gaps are the cases of which something is known to differ, with why. A gap that closes fails the test:
// its line is to be deleted.
var gaps = map[int]string{}

// TestConformance asks what the clients of Sentry's API ask, and looks for what each of them needs.
// The numbers are those of the table of cases in the notes on that API; those that are not here need what runs
// beside the API: an event of a newer release after 36, five more after 37 (tests of the store have both), what comes
// in with the key of 20 (tests of the relay). Cases that go on where another ends are with it: 12 with 11, 20 with 19, 23 with 22.
func TestConformance(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	for _, c := range conformance() {
		t.Run(fmt.Sprintf("%02d %s", c.n, c.name), func(t *testing.T) {
			p := &probe{w: w}
			func() {
				defer func() {
					if r := recover(); r != nil && r != errProbe {
						panic(r)
					}
				}()
				c.run(p)
			}()
			why, known := gaps[c.n]
			switch {
			case known && len(p.wrong) == 0:
				t.Errorf("a known gap has closed: %s", why)
			case !known && len(p.wrong) > 0:
				t.Error(strings.Join(p.wrong, "\n"))
			}
		})
	}
}

type conformanceCase struct {
	n    int
	name string
	run  func(p *probe)
}

// probe asks as acme's owner and collects what is wrong with the answers.
type probe struct {
	w     *world
	wrong []string
	last  response
	what  string
}

var errProbe = fmt.Errorf("the case cannot go on")

func (p *probe) fault(format string, args ...any) {
	p.wrong = append(p.wrong, p.what+": "+fmt.Sprintf(format, args...))
}

// ask wants a status and gives the answer. Paths are below /api/0; {issue}, {short}, {event} are acme's.
func (p *probe) ask(method, path, body string, status int) node {
	return p.askAs(p.w.acme.token, method, path, body, status)
}

func (p *probe) askAs(as, method, path, body string, status int) node {
	path = p.fill(path)
	p.what = method + " " + path
	p.last = p.w.do(as, method, "/api/0"+path, p.fill(body))
	if p.last.Code != status {
		p.fault("status %d, want %d: %.300s", p.last.Code, status, p.last.Body)
		panic(errProbe)
	}
	n := node{p: p}
	if p.last.Body.Len() == 0 {
		return n
	}
	if ct := p.last.Header().Get("Content-Type"); ct != "application/json" {
		p.fault("content type %q", ct)
	}
	d := json.NewDecoder(p.last.Body)
	d.UseNumber()
	if err := d.Decode(&n.v); err != nil {
		p.fault("no JSON: %v", err)
		panic(errProbe)
	}
	n.there = true
	if status >= 400 {
		n.at("detail").text()
	}
	return n
}

func (p *probe) get(path string) node { return p.ask("GET", path, "", http.StatusOK) }

func (p *probe) fill(s string) string {
	return strings.NewReplacer("{issue}", itoa(p.w.acme.issue), "{short}", "SHOP-API-1", "{event}", eventA, "{trace}", traceA, "{replay}", replayA).Replace(s)
}

// link gives the cursor of a relation and whether it has results.
func (p *probe) link(rel string) (cursor string, results bool) {
	for part := range strings.SplitSeq(p.last.Header().Get("Link"), ",") {
		if !strings.Contains(part, `rel="`+rel+`"`) {
			continue
		}
		_, cursor, _ = strings.Cut(part, `cursor="`)
		cursor, _, _ = strings.Cut(cursor, `"`)
		return cursor, strings.Contains(part, `results="true"`)
	}
	p.fault("no rel=%s in Link %q", rel, p.last.Header().Get("Link"))
	return "", false
}

// node is a place in an answer.
type node struct {
	p     *probe
	path  string
	v     any
	there bool
}

// at goes down: keys and indexes with a point between them.
func (n node) at(path string) node {
	for step := range strings.SplitSeq(path, ".") {
		n = n.key(step)
	}
	return n
}

func (n node) key(step string) node {
	down := node{p: n.p, path: strings.TrimPrefix(n.path+"."+step, ".")}
	switch v := n.v.(type) {
	case map[string]any:
		down.v, down.there = v[step]
		_, down.there = v[step]
	case []any:
		if i, err := strconv.Atoi(step); err == nil && i < len(v) {
			down.v, down.there = v[i], true
		}
	}
	return down
}

func (n node) want(kind string, ok bool) node {
	if !ok {
		n.p.fault("%s is %#v, want %s", n.path, n.v, kind)
	}
	return n
}

func (n node) text() string {
	s, ok := n.v.(string)
	n.want("a string", ok)
	return s
}

func (n node) list() []any {
	l, ok := n.v.([]any)
	n.want("a list", ok)
	return l
}

func (n node) object() map[string]any {
	m, ok := n.v.(map[string]any)
	n.want("an object", ok)
	return m
}

func (n node) boolean() bool {
	b, ok := n.v.(bool)
	n.want("true or false", ok)
	return b
}

func (n node) integer() int64 {
	num, _ := n.v.(json.Number)
	i, err := strconv.ParseInt(num.String(), 10, 64)
	n.want("an integer", err == nil)
	return i
}

func (n node) number() { _, ok := n.v.(json.Number); n.want("a number", ok) }
func (n node) null()   { n.want("null", n.there && n.v == nil) }
func (n node) absent() { n.want("nothing", !n.there) }

// optional may be missing or null.
func (n node) optional(look func(node)) {
	if n.v != nil {
		look(n)
	}
}

// present may be null and must be there.
func (n node) present() { n.want("a key", n.there) }

// date ends in Z, which is all that some clients read.
func (n node) date() { n.want("a date in Z", strings.HasSuffix(n.text(), "Z") && len(n.text()) >= 20) }

func (n node) is(want any) node {
	return n.want(fmt.Sprintf("%#v", want), fmt.Sprint(n.v) == fmt.Sprint(want) && n.there)
}

func (n node) len(want int) node {
	return n.want(fmt.Sprintf("%d entries", want), len(n.list()) == want)
}

// each looks at every entry; there must be one.
func (n node) each(look func(node)) node {
	l := n.list()
	if len(l) == 0 {
		n.p.fault("%s is empty", n.path)
	}
	for i := range l {
		look(n.key(strconv.Itoa(i)))
	}
	return n
}

// find gives the entry with a value.
func (n node) find(key string, value any) node {
	for i := range n.list() {
		if e := n.key(strconv.Itoa(i)); fmt.Sprint(e.key(key).v) == fmt.Sprint(value) {
			return e
		}
	}
	n.p.fault("%s has no entry with %s = %v", n.path, key, value)
	return node{p: n.p, path: n.path}
}
