package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/store"
)

type deadLettersCmd struct {
	List   deadLettersListCmd   `cmd:"" help:"List them, oldest first."`
	Show   deadLettersShowCmd   `cmd:"" help:"Print one: why it is here on stderr, its envelope on stdout."`
	Resend deadLettersResendCmd `cmd:"" help:"Put them back on the stream as they were."`
	Drop   deadLettersDropCmd   `cmd:"" help:"Delete them for good."`
}

// openLetters reaches the dead letters: through the running server, else by opening the stream.
func openLetters(ctx context.Context, s *Settings, t *terminal) (letters, io.Closer, error) {
	if c := dialControl(s.DataDir); c != nil {
		return c, io.NopCloser(nil), nil
	}
	blobs, err := store.OpenBlobs(ctx, s.BlobsURL)
	if err != nil {
		return nil, nil, fmt.Errorf("open blobs: %w", err)
	}
	cfg := streamConfig(s, parts{relay: s.NATSURL == "", linker: true}, s.logger(t))
	cfg.Blobs = blobs
	st, err := stream.Open(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	return streamLetters{dead: st.DeadLetters()}, st, nil
}

type deadLettersListCmd struct {
	JSON bool `help:"One JSON object a line."`
}

// Run lists every dead letter.
func (c deadLettersListCmd) Run(ctx context.Context, s *Settings, t *terminal) error {
	l, end, err := openLetters(ctx, s, t)
	if err != nil {
		return err
	}
	defer end.Close()
	w := tabwriter.NewWriter(t.Out, 2, 8, 2, ' ', 0)
	defer w.Flush()
	count := 0
	for after := uint64(0); ; {
		page, err := l.list(ctx, after, 100)
		if err != nil {
			return err
		}
		for _, d := range page {
			if c.JSON {
				if err := json.NewEncoder(t.Out).Encode(d); err != nil {
					return err
				}
				continue
			}
			if count == 0 {
				fmt.Fprintln(w, "NUMBER\tDIED\tKIND\tPROJECT\tTRIES\tBYTES\tREASON\tERROR")
			}
			count++
			fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%d\t%d\t%s\t%.120q\n", d.Seq, d.At.Local().Format(time.DateTime), d.Kind, d.ProjectID, d.Attempts, d.Size, d.Reason, d.Error)
		}
		if len(page) < 100 {
			break
		}
		after = page[len(page)-1].Seq
	}
	if count == 0 && !c.JSON {
		fmt.Fprintln(t.Err, "No dead letters.")
	}
	return nil
}

type deadLettersShowCmd struct {
	Number uint64 `arg:"" help:"Its number."`
}

// Run prints one dead letter.
func (c deadLettersShowCmd) Run(ctx context.Context, s *Settings, t *terminal) error {
	l, end, err := openLetters(ctx, s, t)
	if err != nil {
		return err
	}
	defer end.Close()
	d, err := l.get(ctx, c.Number)
	if err != nil {
		return fmt.Errorf("dead letter %d: %w", c.Number, err)
	}
	fmt.Fprintf(t.Err, "%s of project %d, received %s, died %s after %d tries\n%s: %s\n\n",
		d.Kind, d.ProjectID, d.Received.Format(time.RFC3339), d.At.Format(time.RFC3339), d.Attempts, d.Reason, d.Error)
	_, err = t.Out.Write(d.Envelope)
	return err
}

type deadLettersResendCmd struct{ which }

// Run sends dead letters again.
func (c deadLettersResendCmd) Run(ctx context.Context, s *Settings, t *terminal) error {
	return c.each(ctx, s, t, "sent again", letters.resend)
}

type deadLettersDropCmd struct{ which }

// Run deletes dead letters.
func (c deadLettersDropCmd) Run(ctx context.Context, s *Settings, t *terminal) error {
	return c.each(ctx, s, t, "dropped", letters.drop)
}

// which names the dead letters a command is about.
type which struct {
	Numbers []uint64 `arg:"" optional:"" help:"Their numbers."`
	All     bool     `help:"All that are there now."`
}

// Validate implements kong's check after parsing.
func (w which) Validate() error {
	if w.All == (len(w.Numbers) > 0) {
		return errors.New("name the numbers, or --all")
	}
	return nil
}

func (w which) each(ctx context.Context, s *Settings, t *terminal, done string, do func(letters, context.Context, uint64) error) error {
	l, end, err := openLetters(ctx, s, t)
	if err != nil {
		return err
	}
	defer end.Close()
	numbers := w.Numbers
	if w.All {
		if numbers, err = allLetters(ctx, l); err != nil {
			return err
		}
	}
	var problems []error
	count := 0
	for _, n := range numbers {
		if err := do(l, ctx, n); err != nil {
			problems = append(problems, fmt.Errorf("dead letter %d: %w", n, err))
			continue
		}
		count++
	}
	fmt.Fprintf(t.Err, "%d %s.\n", count, done)
	return errors.Join(problems...)
}

// allLetters gives the numbers of those there are now: one that fails again gets a new number and
// is not taken twice.
func allLetters(ctx context.Context, l letters) ([]uint64, error) {
	var numbers []uint64
	for after := uint64(0); ; {
		page, err := l.list(ctx, after, 100)
		if err != nil {
			return nil, err
		}
		for _, d := range page {
			numbers = append(numbers, d.Seq)
		}
		if len(page) < 100 {
			return numbers, nil
		}
		after = page[len(page)-1].Seq
	}
}
