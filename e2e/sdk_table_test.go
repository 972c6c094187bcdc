package e2e

import (
	"maps"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// plus is a map with others added, or replacing those of the same name.
func plus[V any](base, more map[string]V) map[string]V {
	all := maps.Clone(base)
	maps.Copy(all, more)
	return all
}

// allFiles are what the programs attach, with their types.
var allFiles = map[string]string{"app.log": "text/plain", "blob.bin": "application/octet-stream", "empty.txt": "application/octet-stream"}

var jsLog = regexp.MustCompile(`Sentry Logger \[(warn|error)\]`)

// nodeSDKs all run node.cjs. 7 and 8 have no logs without experiments, metrics came with 10, and 11
// streams its spans instead of sending transactions.
func nodeSDKs() []sdk {
	issues := map[string]int{
		"PaymentError: order o-1 failed": 2, "the shop is slow": 2, "Error: a plain string thrown": 1,
		"Error: Object captured as exception with keys: code, why": 1, "order o-1 failed for jane": 1, "Error: with attachments": 1,
		"Error: a large error": 1, "RangeError: nobody waits for me": 1, "Error: charge failed": 1, "TypeError: nobody catches me": 1,
	}
	errors := map[string]int64{"error": 12, "attachment": 28, "attachment_item": 3, "monitor": 4, "session": -1}
	feedback := plus(errors, map[string]int64{"feedback": 2, "attachment": 33, "attachment_item": 4})
	transaction := map[string]int64{"transaction": 1, "transaction_indexed": 1, "span": 1, "span_indexed": 1}
	logs := map[string]int64{"log_item": 4, "log_byte": -1}
	metrics := map[string]int64{"trace_metric": 3}
	spans := map[string]int64{"span": 3, "span_indexed": 3}
	crashes := []string{"RangeError: nobody waits for me", "TypeError: nobody catches me"}

	node := func(version string, w arrival) sdk {
		major, _, _ := strings.Cut(version, ".")
		w.sdkName, w.chain, w.function, w.source, w.vars, w.extra = "sentry.javascript.node", []string{"TypeError", "PaymentError"}, "chargeCard", "throw new PaymentError", "attempts", true
		w.files, w.spans = allFiles, []string{"queue.process process order", "db.query SELECT * FROM orders", "task charge"}
		if w.issues == nil {
			w.issues, w.crashes = issues, crashes
		}
		return sdk{name: "node-" + version, exit: 1, log: debugLog{complaint: jsLog}, want: w, program: func(tb testing.TB) *exec.Cmd {
			need(tb, "node", "js/node_modules")
			return in(tb, "js", "node", "node.cjs", major)
		}}
	}
	dropped := map[string]int64{"before_send error": 1}
	all := []sdk{
		node("7.120.4", arrival{accepted: plus(errors, transaction)}),
		node("8.55.2", arrival{
			accepted: plus(plus(feedback, transaction), map[string]int64{"error": 13}), discards: dropped,
			issues: plus(issues, map[string]int{"Error: sync failed": 1}), crashes: append(crashes, "Error: sync failed"), // withMonitor of 8 leaves a promise behind
		}),
		node("9.47.2", arrival{accepted: plus(plus(feedback, transaction), logs), discards: dropped}),
		node("10.78.0", arrival{accepted: plus(plus(plus(feedback, transaction), logs), metrics), discards: dropped}),
		node("11.12.0", arrival{accepted: plus(plus(plus(feedback, spans), logs), metrics), discards: dropped}),
	}
	all[0].log.fine = []string{"Could not extract message for event"} // it reads only event.message
	all[1].quick, all[4].quick = true, true
	return all
}

// browserSDKs all run page.js in Chromium. 8 has no logs, metrics came with 10, and 11 streams its
// spans and profiles.
func browserSDKs() []sdk {
	issues := map[string]int{
		"RangeError: order o-1 failed": 2, "the shop is slow": 2, "Error: a plain string thrown": 1,
		"Error: Object captured as exception with keys: code, why": 1, "order o-1 failed for jane": 1, "Error: with attachments": 1,
		"Error: a large error": 1, "SyntaxError: nobody waits for me": 1, "Error: charge failed": 1, "TypeError: nobody catches me": 1,
	}
	base := map[string]int64{"error": 12, "attachment": 28, "attachment_item": 3, "session": -1, "replay": -1, "feedback": 1, "span": -1, "span_indexed": -1}
	transactions := map[string]int64{"transaction": 2, "transaction_indexed": 2}
	profiles := map[string]int64{"profile": 2, "profile_indexed": 2}
	chunks := map[string]int64{"profile_chunk_ui": -1}
	logs := map[string]int64{"log_item": 4, "log_byte": -1}
	metrics := map[string]int64{"trace_metric": 3}

	browser := func(version string, accepted map[string]int64) sdk {
		major, _, _ := strings.Cut(version, ".")
		k := sdk{name: "browser-" + version, log: debugLog{complaint: jsLog}, want: arrival{
			sdkName: "sentry.javascript.browser", chain: []string{"TypeError", "RangeError"}, function: "chargeCard", extra: true, files: allFiles,
			issues: issues, crashes: []string{"SyntaxError: nobody waits for me", "TypeError: nobody catches me"},
			spans: []string{"ui.action process order", "function add up", "task charge", "pageload /", "http.client POST /stock"}, moreSpans: true,
			accepted: accepted, discards: map[string]int64{"before_send error": 1},
		}}
		k.program = func(tb testing.TB) *exec.Cmd {
			need(tb, "node", "chromium", "js/node_modules", "js/bundle/"+major+".js")
			return in(tb, "js", "node", "browser.mjs", major)
		}
		return k
	}
	all := []sdk{
		browser("7.120.4", plus(plus(base, transactions), profiles)),
		browser("8.55.2", plus(plus(plus(base, transactions), profiles), map[string]int64{"feedback": 2})), // the old way as well
		browser("9.47.2", plus(plus(plus(base, transactions), profiles), logs)),
		browser("10.78.0", plus(plus(plus(plus(base, transactions), chunks), logs), metrics)),
		browser("11.12.0", plus(plus(plus(base, chunks), logs), metrics)),
	}
	all[0].log.fine = []string{"Could not extract message for event"}                                                    // it reads only event.message
	all[0].want.spans = []string{"ui.action process order", "function add up", "task charge", "http.client POST /stock"} // in a trace of its own
	all[4].want.spans = []string{"ui.action process order", "function add up", "task charge", "pageload Pageload"}
	all[1].quick, all[4].quick = true, true
	return all
}

var goLog = regexp.MustCompile(`(?i)^\[Sentry\].*(error while|fail|drop|discard|reject|limit|unexpected|status|too large|invalid|could not|unable)`)

// goSDKs: 0.20 still posts errors to the store endpoint and has neither attachments nor check-ins.
func goSDKs() []sdk {
	issues := map[string]int{
		"*main.orderError: charge: order o-1 failed": 2, "the shop is slow": 1, "order o-1 failed for jane": 1, "*errors.errorString: a large error": 1,
		"*errors.errorString: charge failed": 1, "runtime.plainError: assignment to entry in nil map": 1, "nobody catches me": 1,
	}
	accepted := map[string]int64{"error": 8, "transaction": 1, "transaction_indexed": 1, "span": 1, "span_indexed": 1}
	w := arrival{
		sdkName: "sentry.go", chain: []string{"*main.orderError", "*fmt.wrapError"}, function: "sent.errors", request: "POST http://shop.example.com/orders/1",
		spans: []string{"http.server POST /orders/*", "db.query SELECT * FROM orders", "task charge"},
	}
	oldest, newest := w, w
	oldest.extra, oldest.noTrace, oldest.issues, oldest.accepted = true, true, issues, accepted
	newest.files, newest.discards = plus(allFiles, map[string]string{"empty.txt": "text/plain"}), map[string]int64{"before_send error": 1}
	newest.issues = plus(issues, map[string]int{"*errors.errorString: with attachments": 1, "*errors.joinError: first": 1, "the end": 1})
	newest.accepted = plus(accepted, map[string]int64{"error": 11, "attachment": 28, "attachment_item": 3, "monitor": 4, "log_item": 4, "log_byte": -1, "trace_metric": 3})
	return []sdk{
		{name: "go-0.20.0", quick: true, program: goProgram("go-old"), log: debugLog{complaint: goLog}, want: oldest},
		{name: "go-0.50.0", quick: true, program: goProgram("go-new"), log: debugLog{complaint: goLog, fine: []string{"dropped due to BeforeSend callback"}}, want: newest},
	}
}

// goProgram builds and runs a module of its own: its SDK must not be in ours.
func goProgram(dir string) func(testing.TB) *exec.Cmd {
	return func(tb testing.TB) *exec.Cmd {
		need(tb, "go")
		return in(tb, dir, "go", "run", ".")
	}
}

var (
	pythonLog = debugLog{complaint: regexp.MustCompile(`\[sentry\] (WARNING|ERROR|CRITICAL)`)}
	javaLog   = debugLog{complaint: regexp.MustCompile(`^(WARNING|ERROR|FATAL): `)}
	rustLog   = debugLog{complaint: regexp.MustCompile(`^\[sentry\].*(?i:fail|error|reject|limit|status|invalid)`)}
	cliLog    = debugLog{complaint: regexp.MustCompile(`^ *(WARN|ERROR|error)`)}
)

func otherSDKs() []sdk {
	transaction := map[string]int64{"transaction": 1, "transaction_indexed": 1, "span": 1, "span_indexed": 1}
	base := plus(transaction, map[string]int64{"attachment": 28, "attachment_item": 3})
	telemetry := map[string]int64{"log_item": 4, "log_byte": -1, "trace_metric": 3}
	dropped := map[string]int64{"before_send error": 1}
	files := plus(allFiles, map[string]string{"empty.txt": "text/plain"})
	spans := []string{"queue.process process order", "db.query SELECT * FROM orders", "task charge"}

	python := arrival{
		sdkName: "sentry.python", chain: []string{"TypeError", "PaymentError"}, function: "charge_card", source: "raise PaymentError", vars: "attempts", extra: true,
		issues: map[string]int{
			"PaymentError: order o-1 failed": 2, "the shop is slow": 1, "item tea is gone": 1, "order o-1 failed for jane": 1, "ValueError: with attachments": 1,
			"ValueError: a large error": 1, "RuntimeError: charge failed": 1, "TypeError: nobody catches me": 1,
		},
		crashes: []string{"TypeError: nobody catches me"}, files: files, spans: spans, discards: dropped,
		accepted: plus(base, map[string]int64{"error": 9, "monitor": 4, "profile": 1, "profile_indexed": 1}),
	}
	python1, python2 := python, python
	python1.moreSpans = true // it traces its own posts
	python2.accepted = plus(plus(python.accepted, telemetry), map[string]int64{"log_item": 5})
	java := arrival{
		sdkName: "sentry.java", chain: []string{"IllegalArgumentException", "Program$PaymentException"}, function: "chargeCard",
		issues: map[string]int{
			"Program$PaymentException: order o-1 failed": 2, "the shop is slow": 1, "order o-1 failed for jane": 1, "IllegalStateException: with attachments": 1,
			"IllegalStateException: a large error": 1, "IllegalStateException: charge failed": 1, "IllegalStateException: nobody catches me": 1,
		},
		crashes: []string{"IllegalStateException: nobody catches me"}, files: files, spans: spans, discards: dropped,
		accepted: plus(plus(base, telemetry), map[string]int64{"error": 8, "monitor": 2, "session": -1, "feedback": 2}),
	}
	rust := arrival{
		sdkName: "sentry.rust", chain: []string{"GatewayError", "PaymentError"}, function: "errors::{{closure}}", extra: true, noDist: true, files: files, spans: spans, discards: dropped,
		issues: map[string]int{
			"PaymentError: order o-1 failed": 2, "the shop is slow": 1, "order o-1 failed for jane": 1, "Custom: with attachments": 1,
			"Custom: a large error": 1, "Custom: charge failed": 1, "panic: nobody catches me": 1,
		},
		crashes:  []string{"panic: nobody catches me"},
		accepted: plus(plus(base, telemetry), map[string]int64{"error": 8, "monitor": 2, "session": -1}),
	}
	cli := arrival{
		issues:   map[string]int{"the shop is slow": 1, "order o-1 failed for jane": 1, "from an envelope": 1},
		accepted: map[string]int64{"error": 3, "monitor": 4},
	}
	return []sdk{
		{name: "python-1.45.1", quick: true, exit: 1, program: venv("1"), log: pythonLog, want: python1},
		{name: "python-2.75.0", quick: true, exit: 1, program: venv("2"), log: pythonLog, want: python2},
		{name: "java-8.62.0", exit: 1, log: javaLog, want: java, program: func(tb testing.TB) *exec.Cmd {
			need(tb, "java", "java/classes/Program.class")
			return in(tb, "java", "java", "-cp", "lib/*:classes", "Program")
		}},
		{name: "rust-0.49.5", exit: 101, log: rustLog, want: rust, program: func(tb testing.TB) *exec.Cmd {
			need(tb, "rust/target/debug/sdks")
			return in(tb, "rust", sdks(tb, "rust", "target", "debug", "sdks"))
		}},
		{name: "cli-3.8.0", quick: true, log: cliLog, want: cli, program: func(tb testing.TB) *exec.Cmd {
			need(tb, "node", "js/node_modules")
			return in(tb, "js", "node", "cli.mjs")
		}},
	}
}

// venv runs the program for sentry-python with the SDK of a major.
func venv(major string) func(testing.TB) *exec.Cmd {
	return func(tb testing.TB) *exec.Cmd {
		python := "python/venv-" + major + "/bin/python"
		need(tb, python)
		return in(tb, "python", sdks(tb, python), "program.py")
	}
}
