package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/getsentry/sentry-go"
)

// Order is what the shop wants paid.
type Order struct {
	Lines []Line `json:"lines"`
	Cents int64  `json:"cents"`
}

// Payment authorises orders.
type Payment struct {
	inventory string // base URL
}

const deliveryCents = 400

var errProvider = errors.New("card provider returned an empty authorisation")

func (p *Payment) routes(mux *http.ServeMux) {
	mux.HandleFunc("POST /authorize", func(w http.ResponseWriter, r *http.Request) {
		var order Order
		if err := json.NewDecoder(r.Body).Decode(&order); err != nil {
			reply(w, http.StatusBadRequest, map[string]string{"detail": "order is not JSON"})
			return
		}
		switch {
		case fault(r, "payment-throws"):
			fail(w, r, fmt.Errorf("authorise %d cents: %w", order.Cents, errProvider))
			return
		case fault(r, "payment-slow"):
			span := sentry.StartSpan(r.Context(), "http.client", sentry.WithDescription("POST card provider"))
			select {
			case <-time.After(5 * time.Second):
			case <-r.Context().Done():
			}
			span.Finish()
		}
		total, err := p.Authorize(r, order)
		if err != nil {
			fail(w, r, err)
			return
		}
		reply(w, http.StatusOK, map[string]any{"id": rand.Text(), "cents": total})
	})
}

// Authorize reserves the stock and charges what was reserved.
func (p *Payment) Authorize(r *http.Request, order Order) (cents int64, err error) {
	span := sentry.StartSpan(r.Context(), "function", sentry.WithDescription("Authorize"))
	defer span.Finish()
	reservations, err := p.reserve(span.Context(), r, order.Lines)
	if err != nil {
		return 0, err
	}
	total := int64(deliveryCents)
	for _, res := range reservations {
		total += res.Cents // res is nil for a line that was out of stock
	}
	return total, nil
}

func (p *Payment) reserve(ctx context.Context, r *http.Request, lines []Line) ([]*Reservation, error) {
	span := sentry.StartSpan(ctx, "http.client", sentry.WithDescription("POST inventory/reserve"))
	defer span.Finish()
	body, err := json.Marshal(lines)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(span.Context(), http.MethodPost, p.inventory+"/reserve", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Shop-User", r.Header.Get("X-Shop-User"))
	req.Header.Set("X-Shop-Faults", r.Header.Get("X-Shop-Faults"))
	req.Header.Set(sentry.SentryTraceHeader, span.ToSentryTrace())
	req.Header.Set(sentry.SentryBaggageHeader, span.ToBaggage())
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("reserve stock: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("reserve stock: inventory answered %s", res.Status)
	}
	var out []*Reservation
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		return nil, fmt.Errorf("reserve stock: %w", err)
	}
	return out, nil
}
