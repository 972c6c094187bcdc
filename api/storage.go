package api

import (
	"context"
	"time"

	"github.com/hindsight-dev/hindsight/settings"
	"github.com/hindsight-dev/hindsight/store"
)

// Machine is what the server's own machine has room for. Zero fields: not known here.
type Machine struct {
	DiskFreeBytes    int64 `json:"diskFreeBytes" doc:"Of the volume with the data directory."`
	DiskBytes        int64 `json:"diskBytes"`
	StreamBytes      int64 `json:"streamBytes" doc:"What waits in the stream to be stored, or is kept there to be sent again."`
	StreamLimitBytes int64 `json:"streamLimitBytes"`
}

// Storage is what is kept, by project and kind.
type Storage struct {
	Projects []ProjectStorage `json:"projects"`
	Spans    KindStorage      `json:"spans" doc:"Of all projects: traces go through several."`
	Database struct {
		Engine string `json:"engine"`
		Bytes  int64  `json:"bytes" doc:"Of the whole database, indexes included."`
		Free   int64  `json:"freeBytes" doc:"Of these, what is free inside the file and filled before it grows; 0: not known."`
	} `json:"database"`
	Machine    Machine `json:"machine"`
	Unsearched int64   `json:"unsearchedEvents" doc:"Events of before the search's index that searches by tag do not find yet, up to 10000: they are added in the background, the newest first."`
}

// ProjectStorage is what one project's things take.
type ProjectStorage struct {
	ID    string        `json:"id"`
	Slug  string        `json:"slug"`
	Bytes int64         `json:"bytes" doc:"Of all kinds."`
	Kinds []KindStorage `json:"kinds"`
}

// KindStorage is what one kind takes.
type KindStorage struct {
	Kind   string     `json:"kind" enum:"errors,spans,logs,items,sessions,feedback,attachments,replays,uploads"`
	Rows   int64      `json:"rows"`
	Bytes  int64      `json:"bytes" doc:"Of the payloads as they are kept; indexes come on top."`
	Sure   string     `json:"sure" enum:"exact,about,at least" doc:"Of many rows only some are looked at."`
	Oldest *time.Time `json:"oldest" doc:"Of the oldest that is kept."`
	Days   int        `json:"days" doc:"How long it is kept; 0: until it is deleted."`
}

// StorageInput asks for a page of projects.
type StorageInput struct {
	OrgPath
	PageParams
}

// StoragePage answers it, with the Link header of lists.
type StoragePage struct {
	Link string `header:"Link"`
	Body Storage
}

func (a *API) registerStorage() {
	handle(a, Route{ID: "getStorage", Method: "GET", Path: "/api/0/organizations/{org}/storage/", Access: "org:read", Summary: "What is kept, by project and kind", Ours: true}, a.getStorage)
}

// storagePage is how many projects are looked at in one request.
const storagePage = 20

func (a *API) getStorage(ctx context.Context, in *StorageInput) (*StoragePage, error) {
	rq := from(ctx)
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	in.PerPage = min(perPage(in.PerPage, storagePage), storagePage)
	page, link, err := offsetPage(a, rq, set.list, in.PageParams)
	if err != nil {
		return nil, err
	}
	out := &StoragePage{Link: link, Body: Storage{Projects: []ProjectStorage{}}}
	for i := range page {
		p := &page[i]
		uses, err := a.Store.StorageOfProject(ctx, rq.scope, p.ID)
		if err != nil {
			return nil, a.fail("read storage", err)
		}
		row := ProjectStorage{ID: itoa(p.ID), Slug: p.Slug}
		s := a.settingsOf(p)
		for _, u := range uses {
			k := kindStorage(u)
			k.Days = a.keptDays(u.Kind, s)
			row.Bytes += u.Bytes
			row.Kinds = append(row.Kinds, k)
		}
		out.Body.Projects = append(out.Body.Projects, row)
	}
	spans, err := a.Store.StorageOfSpans(ctx, rq.scope)
	if err != nil {
		return nil, a.fail("read storage", err)
	}
	out.Body.Spans = kindStorage(spans)
	for i := range set.list { // a trace stays whole for the project that keeps it longest
		out.Body.Spans.Days = max(out.Body.Spans.Days, a.keptDays(store.StorageSpans, a.settingsOf(&set.list[i])))
	}
	st, err := a.Store.Stats(ctx)
	if err != nil {
		return nil, a.fail("read database", err)
	}
	out.Body.Database.Engine, out.Body.Database.Bytes, out.Body.Database.Free = st.Engine, st.Bytes, st.FreeBytes
	if out.Body.Unsearched, err = a.Store.CountUntagged(ctx, rq.scope); err != nil {
		return nil, a.fail("count events", err)
	}
	if a.Machine != nil {
		out.Body.Machine = a.Machine(ctx)
	}
	return out, nil
}

// keptDays says how long a project keeps a kind; 0: until it is deleted.
func (a *API) keptDays(kind string, s *settings.Settings) int {
	return store.KeptDays(kind, s, a.Retention.Or(settings.DefaultRetention()), a.Recordings)
}

func kindStorage(u store.StorageUse) KindStorage {
	k := KindStorage{Kind: u.Kind, Rows: u.Rows, Bytes: u.Bytes, Sure: u.Sure}
	if u.OldestMS != 0 {
		at := at(u.OldestMS)
		k.Oldest = &at
	}
	return k
}
