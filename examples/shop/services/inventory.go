package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/getsentry/sentry-go"
	_ "modernc.org/sqlite" // the stock is a real table
)

// Good is one thing the shop sells.
type Good struct {
	SKU     string `json:"sku"`
	Name    string `json:"name"`
	Picture string `json:"picture"`
	Cents   int64  `json:"cents"`
	OnHand  int64  `json:"onHand"`
}

// Line is a wanted good.
type Line struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// Reservation is stock set aside for one line.
type Reservation struct {
	SKU   string `json:"sku"`
	Cents int64  `json:"cents"`
}

type stock struct{ db *sql.DB }

func openStock(ctx context.Context) (*stock, error) {
	db, err := sql.Open("sqlite", "file:stock?mode=memory&cache=shared")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(ctx, `
CREATE TABLE stock (sku TEXT PRIMARY KEY, name TEXT, picture TEXT, cents INTEGER, on_hand INTEGER);
INSERT INTO stock VALUES
 ('cherries-500g', 'Cherries, 500 g',       '🍒', 545,  0),
 ('flour-1kg',     'Wholewheat flour, 1 kg', '🌾', 240,  60),
 ('olive-oil',     'Olive oil, 750 ml',      '🫒', 1450, 24),
 ('coffee-1kg',    'Coffee beans, 1 kg',     '☕', 1100, 31),
 ('lemons-1kg',    'Lemons, 1 kg',           '🍋', 320,  48),
 ('eggs-10',       'Eggs, 10',               '🥚', 390,  80),
 ('honey-500g',    'Forest honey, 500 g',    '🍯', 890,  12),
 ('bread',         'Sourdough loaf',         '🍞', 420,  18);`)
	if err != nil {
		return nil, fmt.Errorf("fill the shelves: %w", err)
	}
	return &stock{db: db}, nil
}

func (s *stock) Close() error { return s.db.Close() }

func (s *stock) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /stock", s.list)
	mux.HandleFunc("POST /reserve", s.reserve)
}

// query runs fn in a span that shows its SQL.
func query(ctx context.Context, text string, fn func(ctx context.Context) error) error {
	span := sentry.StartSpan(ctx, "db.sql.query", sentry.WithDescription(text))
	span.SetData("db.system", "sqlite")
	defer span.Finish()
	return fn(span.Context())
}

func (s *stock) list(w http.ResponseWriter, r *http.Request) {
	const text = "SELECT sku, name, picture, cents, on_hand FROM stock ORDER BY rowid"
	goods := []Good{}
	err := query(r.Context(), text, func(ctx context.Context) error {
		rows, err := s.db.QueryContext(ctx, text)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var g Good
			if err := rows.Scan(&g.SKU, &g.Name, &g.Picture, &g.Cents, &g.OnHand); err != nil {
				return err
			}
			goods = append(goods, g)
		}
		return rows.Err()
	})
	if err != nil {
		fail(w, r, fmt.Errorf("list stock: %w", err))
		return
	}
	reply(w, http.StatusOK, map[string]any{"products": goods})
}

// reserve answers one reservation per line. With the fault `oversell` it takes lines that are out
// of stock without reserving anything for them: the bug that payment then trips over.
func (s *stock) reserve(w http.ResponseWriter, r *http.Request) {
	var lines []Line
	if err := json.NewDecoder(r.Body).Decode(&lines); err != nil {
		reply(w, http.StatusBadRequest, map[string]string{"detail": "lines are not JSON"})
		return
	}
	const text = "SELECT cents, on_hand FROM stock WHERE sku = ?"
	reserved := make([]*Reservation, 0, len(lines))
	for _, l := range lines {
		var cents, onHand int64
		err := query(r.Context(), text, func(ctx context.Context) error {
			return s.db.QueryRowContext(ctx, text, l.SKU).Scan(&cents, &onHand)
		})
		switch {
		case err != nil:
			fail(w, r, fmt.Errorf("look up %s: %w", l.SKU, err))
			return
		case onHand >= l.Quantity:
			reserved = append(reserved, &Reservation{SKU: l.SKU, Cents: cents * l.Quantity})
		case fault(r, "oversell"):
			sentry.GetHubFromContext(r.Context()).AddBreadcrumb(&sentry.Breadcrumb{
				Category: "stock", Level: sentry.LevelWarning, Message: "out of stock",
				Data: map[string]any{"sku": l.SKU, "want": l.Quantity, "on_hand": onHand},
			}, nil)
			reserved = append(reserved, nil)
		default:
			reply(w, http.StatusConflict, map[string]string{"detail": l.SKU + " is out of stock"})
			return
		}
	}
	reply(w, http.StatusOK, reserved)
}

// fail reports an error and answers 500.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	if hub := sentry.GetHubFromContext(r.Context()); hub != nil {
		hub.CaptureException(err)
	}
	reply(w, http.StatusInternalServerError, map[string]string{"detail": "internal"})
}
