package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// drift says in what a stream as it is promises less than the one we would have created. Sizes
// and replicas are the operator's business.
func drift(want, have jetstream.StreamConfig) error {
	var errs []error
	differ := func(what string, ok bool, have any) {
		if !ok {
			errs = append(errs, fmt.Errorf("stream %s: %s is %v: %w", want.Name, what, have, ErrDrift))
		}
	}
	differ("storage", have.Storage == want.Storage, have.Storage)
	differ("retention", have.Retention == want.Retention, have.Retention)
	differ("discard", have.Discard == want.Discard, have.Discard)
	differ("max_bytes", have.MaxBytes > 0, have.MaxBytes)
	differ("max_msgs", have.MaxMsgs <= 0, have.MaxMsgs)
	differ("max_msgs_per_subject", have.MaxMsgsPerSubject <= 0, have.MaxMsgsPerSubject)
	differ("max_msg_size", have.MaxMsgSize <= 0 || have.MaxMsgSize >= 1<<20, have.MaxMsgSize)
	differ("subjects", slices.Contains(have.Subjects, want.Subjects[0]), have.Subjects)
	if want.Name == ingestStream {
		differ("max_age", have.MaxAge == 0, have.MaxAge)
		differ("allow_atomic", have.AllowAtomicPublish, have.AllowAtomicPublish)
	} else {
		differ("max_age", have.MaxAge == 0 || have.MaxAge >= want.MaxAge, have.MaxAge)
	}
	return errors.Join(errs...)
}

// checkServers asks the cluster whether it syncs always, where that can be seen: an ordinary
// connection cannot ask a server for its settings, its monitoring port can be.
func (s *Stream) checkServers(ctx context.Context) error {
	if s.cfg.Sync != SyncPower {
		return nil
	}
	if s.cfg.NATSMonitorURL == "" {
		s.log.Info("nats_monitor_url is not set: whether the cluster syncs always was not checked")
		return nil
	}
	for base := range strings.SplitSeq(s.cfg.NATSMonitorURL, ",") {
		always, err := syncsAlways(ctx, strings.TrimSpace(base))
		if err != nil {
			return fmt.Errorf("ask %s for its settings: %w", base, err)
		}
		if !always {
			if err := s.allow(fmt.Errorf("nats server at %s: sync_interval is not always: %w", base, ErrDrift)); err != nil {
				return err
			}
		}
	}
	return nil
}

func syncsAlways(ctx context.Context, base string) (bool, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(base, "/")+"/jsz", nil)
	if err != nil {
		return false, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return false, fmt.Errorf("status %s", resp.Status)
	}
	var info struct {
		Config struct {
			SyncAlways bool `json:"sync_always"`
		} `json:"config"`
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&info)
	return info.Config.SyncAlways, err
}
