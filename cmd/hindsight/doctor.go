package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/store"
)

type doctorCmd struct{}

// check is one thing the doctor looks at. It gives what was found, or what is wrong and what to do.
type check struct {
	name string
	look func(ctx context.Context, s *Settings) (found string, err error)
}

// Run looks at everything and fails when something is wrong.
func (doctorCmd) Run(ctx context.Context, s *Settings, t *terminal) error {
	checks := []check{
		{"data directory", checkDisk},
		{"database", checkDatabase},
		{"blobs", checkBlobs},
		{"stream", checkStream},
		{"server", checkServer},
	}
	sick := 0
	for _, c := range checks {
		ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
		found, err := c.look(ctx, s)
		cancel()
		if err != nil {
			sick++
			fmt.Fprintf(t.Out, "BAD   %-15s %v\n", c.name, err)
			continue
		}
		fmt.Fprintf(t.Out, "ok    %-15s %s\n", c.name, found)
	}
	if sick > 0 {
		return fmt.Errorf("%d of %d checks failed", sick, len(checks))
	}
	return nil
}

// leastFree is the share of its volume below which the data directory is in danger.
const leastFree = 0.10

func checkDisk(_ context.Context, s *Settings) (string, error) {
	if err := makeDataDir(s); err != nil {
		return "", err
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(s.DataDir, &fs); err != nil {
		return "", err
	}
	free := float64(fs.Bavail) / float64(fs.Blocks)
	words := fmt.Sprintf("%s, %.0f %% of its volume is free", s.DataDir, 100*free)
	if free < leastFree {
		return "", errors.New(words + ": make room, the edge refuses envelopes before the disk is full")
	}
	return words, nil
}

func checkDatabase(ctx context.Context, s *Settings) (string, error) {
	db, err := store.Open(ctx, s.DatabaseURL)
	if err != nil {
		return "", fmt.Errorf("%s: %w", redact(s.DatabaseURL), err)
	}
	defer db.Close()
	if err := db.CheckSchema(ctx); err != nil {
		return "", fmt.Errorf("%w: run hindsight migrate", err)
	}
	return redact(s.DatabaseURL) + ", the schema is up to date", nil
}

// checkBlobs writes, reads and deletes one small object.
func checkBlobs(ctx context.Context, s *Settings) (string, error) {
	blobs, err := store.OpenBlobs(ctx, s.BlobsURL)
	if err != nil {
		return "", err
	}
	const key, text = "doctor/probe", "hindsight"
	if err := blobs.Put(ctx, key, strings.NewReader(text), int64(len(text))); err != nil {
		return "", fmt.Errorf("write: %w", err)
	}
	body, err := blobs.Get(ctx, key)
	if err != nil {
		return "", fmt.Errorf("read back: %w", err)
	}
	defer body.Close()
	got, err := io.ReadAll(body)
	if err != nil || !bytes.Equal(got, []byte(text)) {
		return "", fmt.Errorf("what was written does not read back: %w", err)
	}
	if err := blobs.Delete(ctx, key); err != nil {
		return "", fmt.Errorf("delete: %w", err)
	}
	return redact(s.BlobsURL) + ", writes, reads and deletes", nil
}

func checkStream(ctx context.Context, s *Settings) (string, error) {
	if c := dialControl(s.DataDir); c != nil {
		var st stream.Stats
		if err := c.call(ctx, http.MethodGet, "/stream", &st); err != nil {
			return "", err
		}
		words := fmt.Sprintf("durability %s, %d messages, %d of %d bytes, %d dead letters", s.Durability, st.Messages, st.Bytes, st.MaxBytes, st.DeadLetters)
		if st.DeadLetters > 0 {
			words += " (see hindsight dead-letters list)"
		}
		return words, nil
	}
	if s.NATSURL == "" {
		return "embedded, durability " + s.Durability + "; no server is running here", nil
	}
	return "cluster at " + redact(s.NATSURL) + "; no server is running here", nil
}

func checkServer(ctx context.Context, s *Settings) (string, error) {
	if c := dialControl(s.DataDir); c != nil {
		if err := c.call(ctx, http.MethodGet, "/base-url", &s.BaseURL); err != nil {
			return "", err
		}
	} else {
		return "not running on this data directory", nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.BaseURL+"/readyz", nil)
	if err != nil {
		return "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", fmt.Errorf("%s does not answer from here: %w (is HINDSIGHT_BASE_URL right?)", s.BaseURL, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s/readyz answers %s: its log says why", s.BaseURL, res.Status)
	}
	return s.BaseURL + " is ready", nil
}
