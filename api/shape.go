package api

import (
	"encoding/json"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Null is a T or null: huma knows nullable scalars, not nullable objects.
type Null[T any] struct{ V *T }

func null[T any](v *T) Null[T] { return Null[T]{V: v} }

// MarshalJSON writes the value or null.
func (n Null[T]) MarshalJSON() ([]byte, error) { return json.Marshal(n.V) }

// UnmarshalJSON reads the value or null.
func (n *Null[T]) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &n.V) }

// Schema implements huma.SchemaProvider.
func (n Null[T]) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{r.Schema(reflect.TypeFor[T](), true, ""), {Type: "null"}}}
}

// Avatar is always the letters of a name: nothing is uploaded.
type Avatar struct {
	AvatarType string  `json:"avatarType"`
	AvatarUUID *string `json:"avatarUuid"`
	AvatarURL  *string `json:"avatarUrl"`
}

var letterAvatar = Avatar{AvatarType: "letter_avatar"}

// Point is a bucket of a series: epoch seconds and a count.
type Point [2]int64

// List is a page of a bare array.
type List[T any] struct {
	Link  string `header:"Link" doc:"Sentry's cursors: rel=previous and rel=next, each with results and cursor."`
	XHits string `header:"X-Hits" doc:"How many there are in all, where the endpoint counts."`
	Body  []T
}

// DataList is a page wrapped in an object.
type DataList[T any] struct {
	Link string `header:"Link" doc:"Sentry's cursors: rel=previous and rel=next, each with results and cursor."`
	Body struct {
		Data []T `json:"data"`
	}
}

// One is a single object.
type One[T any] struct{ Body T }

func one[T any](v T) *One[T] { return &One[T]{Body: v} }

// Nothing is an answer without a body.
type Nothing struct{}

// OrgPath names an organisation.
type OrgPath struct {
	Org string `path:"org" doc:"The organisation's slug or id."`
}

// ProjectPath names a project.
type ProjectPath struct {
	OrgPath
	Project string `path:"project" doc:"The project's slug or id."`
}

// PageParams pages a list.
type PageParams struct {
	Cursor  string `query:"cursor" doc:"From a Link header. Empty is the first page."`
	PerPage int    `query:"per_page" doc:"Rows of a page, at most 100."`
}

// WindowParams bounds a list in time; statsPeriod wins.
type WindowParams struct {
	StatsPeriod string `query:"statsPeriod" doc:"A span back from now: 24h, 14d, 4w."`
	Start       string `query:"start" doc:"ISO 8601, UTC when without a zone."`
	End         string `query:"end" doc:"ISO 8601, UTC when without a zone."`
}

// FilterParams are shared by every org-wide list.
type FilterParams struct {
	Project     []string `query:"project,explode" doc:"Ids or slugs; -1 is all."`
	ProjectSlug []string `query:"projectSlug,explode" doc:"Slugs; $all is all."`
	Environment []string `query:"environment,explode"`
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// at is a stored time in the form of the API: UTC, so that it ends in Z.
func at(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

func atPtr(ms *int64) *time.Time {
	if ms == nil {
		return nil
	}
	t := at(*ms)
	return &t
}

// seconds is a stored microsecond time as the float that trace views want.
func seconds(us int64) float64 { return float64(us) / 1e6 }

// text is a pointer for a non-empty string: the others are null.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Sent is a value of any kind that knows whether it was in the body at all: null is a value too.
type Sent struct {
	There bool
	V     any
}

// UnmarshalJSON reads what is there.
func (s *Sent) UnmarshalJSON(b []byte) error {
	s.There = true
	return json.Unmarshal(b, &s.V)
}

// Schema implements huma.SchemaProvider.
func (s Sent) Schema(huma.Registry) *huma.Schema { return &huma.Schema{} }
