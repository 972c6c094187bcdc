package importer

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
)

// object is a part of an event whose names are the protocol's.
type object = map[string]json.RawMessage

// latestPayload gives the newest event of an issue as an SDK sends one; nil: the old server keeps none.
//
// Sentry and Hindsight answer it below the organisation and the stored event below the project, GlitchTip the other
// way round (its event API, apps/issue_events). What is asked in vain once is not asked again.
func (r *run) latestPayload(ctx context.Context, project, issue string) ([]byte, error) {
	id := url.PathEscape(issue)
	var shown shownEvent
	if ok, err := r.first(ctx, &r.latest, []string{r.org("issues/" + id + "/events/latest"), "issues/" + id + "/events/latest"}, &shown); err != nil || !ok {
		return nil, err
	}
	event := url.PathEscape(shown.id())
	var raw object
	ok, err := r.first(ctx, &r.stored, []string{"projects/" + url.PathEscape(r.Org) + "/" + url.PathEscape(project) + "/events/" + event + "/json",
		r.org("issues/" + id + "/events/" + event + "/json")}, &raw)
	if err != nil {
		return nil, err
	}
	payload := shown.payload()
	if ok {
		payload = overlay(payload, raw)
	}
	return json.Marshal(payload)
}

// first asks paths in turn until one answers. form remembers which one did; false: none.
func (r *run) first(ctx context.Context, form *form, paths []string, into any) (bool, error) {
	if n := form.Load(); n > 0 {
		paths = paths[n-1 : n]
	}
	for i, p := range paths {
		_, err := r.get(ctx, p, nil, into)
		var no *refused
		if errors.As(err, &no) && (no.status == http.StatusNotFound || no.status == http.StatusMethodNotAllowed || no.status == http.StatusUnprocessableEntity) {
			continue
		}
		if err != nil {
			return false, err
		}
		if len(paths) > 1 {
			form.Store(int32(i + 1))
		}
		return true, nil
	}
	return false, nil
}

// overlay is a stored event, with what its shown form has and it has not. What a server adds for itself is left out.
func overlay(shown, raw object) object {
	for k, v := range raw {
		if string(v) == "null" || ownWord[k] {
			delete(raw, k)
		}
	}
	settleFingerprint(raw)
	settleTags(raw)
	said := raw["message"] != nil || raw["logentry"] != nil || raw["exception"] != nil
	for k, v := range shown {
		if raw[k] == nil && !(k == "logentry" && said) {
			raw[k] = v
		}
	}
	return raw
}

// ownWord are members of stored events that are the old server's, not the sender's.
var ownWord = map[string]bool{"hashes": true, "key_id": true, "project": true, "metadata": true, "title": true, "location": true, "id": true,
	"datetime": true, "nodestore_insert": true, "culprit": true, "groups": true}

// settleFingerprint gives an event whose fingerprint a rule had replaced the one it came with: rules here do their own part.
func settleFingerprint(raw object) {
	var info struct {
		Client  json.RawMessage `json:"client_fingerprint"`
		Matched json.RawMessage `json:"matched_rule"`
	}
	if json.Unmarshal(raw["_fingerprint_info"], &info) == nil {
		switch {
		case len(info.Client) > 0 && string(info.Client) != "null":
			raw["fingerprint"] = info.Client
		case len(info.Matched) > 0 && string(info.Matched) != "null":
			delete(raw, "fingerprint")
		}
	}
	delete(raw, "_fingerprint_info")
}

// settleTags moves what the old server keeps among the tags to where an SDK puts it.
func settleTags(raw object) {
	var list [][2]string
	if json.Unmarshal(raw["tags"], &list) != nil {
		return // an object: of a server that has no such tags
	}
	kept := list[:0]
	for _, t := range list {
		switch t[0] {
		case "sentry:release", "sentry:dist":
			if name := t[0][len("sentry:"):]; raw[name] == nil {
				raw[name] = quoted(t[1])
			}
		case "sentry:user":
		case "environment":
			if raw[t[0]] == nil {
				raw[t[0]] = quoted(t[1])
			}
		default:
			kept = append(kept, t)
		}
	}
	raw["tags"], _ = json.Marshal(kept) // texts never fail
}

func quoted(s string) json.RawMessage {
	b, _ := json.Marshal(s) // a text never fails
	return b
}
