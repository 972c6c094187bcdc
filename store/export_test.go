package store

import (
	"context"

	"github.com/uptrace/bun"
)

// What tests outside the package may reach.

func (s *Store) Writer() *bun.DB { return s.write }
func (s *Store) Reader() *bun.DB { return s.read }

func (s *Store) Tx(ctx context.Context, fn func(ctx context.Context, tx bun.Tx) error) error {
	return s.tx(ctx, fn)
}

var Border = border

func (s *Store) SetReader(db *bun.DB) { s.read = db }

// SetWriter is the same of the handle that writes.
func (s *Store) SetWriter(db *bun.DB) { s.write = db }

type (
	SearchLimits = searchLimits
	ListLimits   = listLimits
)

func UsualLimits() SearchLimits                 { return usualLimits() }
func UsualListLimits() ListLimits               { return usualListLimits() }
func (s *Store) SetSearchLimits(l SearchLimits) { s.limits = l }
func (s *Store) SetListLimits(l ListLimits)     { s.listing = l }
