package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	bin := flag.String("bin", "bin/hindsight", "the binary to measure")
	clients := flag.Int("clients", 64, "connections that post at once")
	span := flag.Duration("for", 5*time.Second, "length of one round")
	rounds := flag.Int("rounds", 3, "rounds of each server")
	durability := flag.String("durability", "power", "power or process")
	bare := flag.String("bare", "", "internal: serve the bare peer on this address")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if *bare != "" {
		err = serveBare(ctx, *bare)
	} else {
		err = run(ctx, *bin, *clients, *rounds, *span, *durability)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// serveBare is the peer: it reads a body whole and answers as the edge does.
func serveBare(ctx context.Context, addr string) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Printf("ready at http://%s\n", ln.Addr())
	srv := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"0a1b2c3d4e5f60718293a4b5c6d7e8f9"}`)
	})}
	context.AfterFunc(ctx, func() { srv.Close() })
	if err := srv.Serve(ln); err != http.ErrServerClosed {
		return err
	}
	return nil
}

type peer struct {
	url string
	cmd *exec.Cmd
}

var readyAt = regexp.MustCompile(`ready at (http://\S+)`)

// startPeer runs a server and waits for the line that says where it is ready.
func startPeer(cmd *exec.Cmd) (*peer, error) {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if m := readyAt.FindStringSubmatch(lines.Text()); m != nil {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return &peer{url: m[1], cmd: cmd}, nil
		}
	}
	return nil, fmt.Errorf("%s ended before it was ready", cmd.Path)
}

func (p *peer) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.cmd.Wait()
}

// load posts envelopes from many connections for a while; it gives how many were answered 200 and the latencies.
func load(ctx context.Context, url string, clients int, span time.Duration) (int64, []time.Duration, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: clients, MaxConnsPerHost: clients}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 30 * time.Second}
	var ok, refused atomic.Int64
	var mu sync.Mutex
	var took []time.Duration
	var wg sync.WaitGroup
	end := time.Now().Add(span)
	for range clients {
		wg.Go(func() {
			var mine []time.Duration
			for time.Now().Before(end) && ctx.Err() == nil {
				body := newEnvelope()
				began := time.Now()
				res, err := client.Post(url, "application/x-sentry-envelope", body)
				if err != nil {
					refused.Add(1)
					continue
				}
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
				if res.StatusCode != http.StatusOK {
					refused.Add(1)
					continue
				}
				ok.Add(1)
				mine = append(mine, time.Since(began))
			}
			mu.Lock()
			took = append(took, mine...)
			mu.Unlock()
		})
	}
	wg.Wait()
	if n := refused.Load(); n > 0 {
		return 0, nil, fmt.Errorf("%d requests to %s were refused", n, url)
	}
	return ok.Load(), took, ctx.Err()
}

var pending = regexp.MustCompile(`(?m)^hindsight_stream_pending\{[^}]*\} (\S+)$`)

// drained waits until the stream is empty.
func drained(ctx context.Context, base string) error {
	for ctx.Err() == nil {
		res, err := http.Get(base + "/metrics")
		if err != nil {
			return err
		}
		text, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			return err
		}
		matches := pending.FindAllSubmatch(text, -1)
		if len(matches) == 0 {
			return fmt.Errorf("no hindsight_stream_pending among the metrics")
		}
		left := 0.0
		for _, m := range matches {
			n, err := strconv.ParseFloat(string(m[1]), 64)
			if err != nil {
				return err
			}
			left += n
		}
		if left == 0 {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return ctx.Err()
}

type round struct{ bare, accepted, processed, p50, p99 float64 }

func run(ctx context.Context, bin string, clients, rounds int, span time.Duration, durability string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "hindsight-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	bare, err := startPeer(exec.CommandContext(ctx, self, "-bare", "127.0.0.1:0"))
	if err != nil {
		return err
	}
	defer bare.stop()
	env := append(os.Environ(), "HINDSIGHT_DATA_DIR="+dir, "HINDSIGHT_LISTEN=127.0.0.1:0", "HINDSIGHT_DURABILITY="+durability, "HINDSIGHT_LOG_LEVEL=warn")
	serve := exec.CommandContext(ctx, bin, "serve")
	serve.Env = env
	hindsight, err := startPeer(serve)
	if err != nil {
		return err
	}
	defer hindsight.stop()
	create := exec.CommandContext(ctx, bin, "project", "create", "bench", "--platform", "go")
	create.Env = append(env, "HINDSIGHT_BASE_URL="+hindsight.url)
	dsn, err := create.Output()
	if err != nil {
		return fmt.Errorf("create project: %w", err)
	}
	endpoint, err := envelopeURL(strings.TrimSpace(string(dsn)))
	if err != nil {
		return err
	}
	if err := usable(ctx, endpoint); err != nil {
		return err
	}

	fmt.Printf("%d connections, envelopes of %d bytes, durability %s, %d rounds of %s\n\n", clients, len(envelopeText(newID())), durability, rounds, span)
	fmt.Printf("%-6s %12s %12s %12s %10s %10s %9s %9s\n", "round", "bare /s", "accepted /s", "processed /s", "accepted", "processed", "p50 ms", "p99 ms")
	var all []round
	for i := range rounds {
		n, _, err := load(ctx, bare.url, clients, span)
		if err != nil {
			return err
		}
		r := round{bare: float64(n) / span.Seconds()}
		began := time.Now()
		n, took, err := load(ctx, endpoint, clients, span)
		if err != nil {
			return err
		}
		r.accepted = float64(n) / time.Since(began).Seconds()
		if err := drained(ctx, hindsight.url); err != nil {
			return err
		}
		r.processed = float64(n) / time.Since(began).Seconds()
		slices.Sort(took)
		r.p50, r.p99 = ms(took, 50), ms(took, 99)
		all = append(all, r)
		row := func(name string, r round) {
			fmt.Printf("%-6s %12.0f %12.0f %12.0f %9.1f%% %9.1f%% %9.1f %9.1f\n", name, r.bare, r.accepted, r.processed, 100*r.accepted/r.bare, 100*r.processed/r.bare, r.p50, r.p99)
		}
		row(strconv.Itoa(i+1), r)
		if i == rounds-1 {
			row("median", median(all))
		}
	}
	return nil
}

func ms(sorted []time.Duration, percent int) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[(len(sorted)-1)*percent/100].Microseconds()) / 1000
}

func median(all []round) round {
	mid := func(f func(round) float64) float64 {
		var v []float64
		for _, r := range all {
			v = append(v, f(r))
		}
		slices.Sort(v)
		return v[len(v)/2]
	}
	return round{
		bare:      mid(func(r round) float64 { return r.bare }),
		accepted:  mid(func(r round) float64 { return r.accepted }),
		processed: mid(func(r round) float64 { return r.processed }),
		p50:       mid(func(r round) float64 { return r.p50 }),
		p99:       mid(func(r round) float64 { return r.p99 }),
	}
}
