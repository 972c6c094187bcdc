package importer

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/hindsight-dev/hindsight/store"
)

type release struct {
	Version      string
	Ref, URL     *string
	DateReleased *time.Time
	DateStarted  *time.Time
	Status       string
	CommitCount  int
	Projects     []struct{ Slug string }
}

type commit struct {
	ID, Message string
	DateCreated *time.Time
	Author      *struct{ Name, Email string }
	Repository  *struct{ Name string }
}

func (r *run) releases(ctx context.Context, local map[string]*store.Project) error {
	return pages(ctx, r.source, r.org("releases"), url.Values{"per_page": {"100"}}, func(rs []release, _ int) error {
		for i := range rs {
			if err := r.release(ctx, &rs[i], local); err != nil {
				return err
			}
		}
		r.Tell("releases: %d new so far", r.sum.Releases)
		return nil
	})
}

// release makes a release that is not there; one that is stays as it is.
func (r *run) release(ctx context.Context, in *release, local map[string]*store.Project) error {
	_, err := r.Store.Release(ctx, r.Scope, in.Version)
	if err == nil {
		r.sum.Known++
		return nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	c := store.ReleaseChange{Ref: in.Ref, URL: in.URL, StartedMS: ms(in.DateStarted), ReleasedMS: ms(in.DateReleased)}
	for _, p := range in.Projects {
		if mine := local[p.Slug]; mine != nil {
			c.Projects = append(c.Projects, mine.ID)
		}
	}
	if in.Status == store.ReleaseArchived {
		c.Status = &in.Status
	}
	if in.CommitCount > 0 {
		path := r.org("releases/" + url.PathEscape(in.Version) + "/commits")
		err := pages(ctx, r.source, path, nil, func(cs []commit, _ int) error {
			for _, x := range cs {
				c.Commits = append(c.Commits, x.write())
			}
			return nil
		})
		var no *refused
		if errors.As(err, &no) && no.status == http.StatusNotFound {
			err = nil // a server without commits
		}
		if err != nil {
			return err
		}
		c.Commits = c.Commits[:min(len(c.Commits), 1000)] // as many as a release may have
	}
	if len(c.Projects) == 0 && !r.DryRun {
		return nil // of projects that are gone there
	}
	if r.sum.Releases++; r.DryRun {
		return nil
	}
	_, _, err = r.Store.UpsertRelease(ctx, r.Scope, in.Version, c)
	return err
}

func (c commit) write() store.CommitWrite {
	w := store.CommitWrite{SHA: c.ID, Message: c.Message}
	if c.DateCreated != nil {
		w.DateMS = c.DateCreated.UnixMilli()
	}
	if c.Author != nil {
		w.AuthorName, w.AuthorEmail = c.Author.Name, c.Author.Email
	}
	if c.Repository != nil {
		w.Repository = c.Repository.Name
	}
	return w
}
