package relay

import (
	"crypto/sha256"
	"hash"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/tidwall/gjson"

	"github.com/hindsight-dev/hindsight/envelope"
)

// Import takes a stored envelope, the body of a POST, into the project of a key, by the way everything
// takes (limits, filters, scrubbing), as if it had come when it was sent: by its own sent_at, else by the
// time of its event. So its times stay as they are however old they are. The same envelope is the same
// message, and changes nothing when it is imported again. What its header says of a DSN does not count.
//
// It is not for strangers: a caller has the right to write into the project's past.
func (rl *Relay) Import(w http.ResponseWriter, r *http.Request, publicKey string) {
	rl.serve(w, r, route{name: "import", methods: "POST", handle: func(q *request) error {
		if err := q.authorize(&envelope.Auth{PublicKey: publicKey, Version: "7"}); err != nil {
			return err
		}
		q.imported = sha256.New()
		return q.envelope()
	}}, true, nil)
}

// importedHeader begins to read an imported envelope.
func (q *request) importedHeader(h *envelope.Header) {
	h.DSN = ""
	q.backdate(h.SentAt)
}

// backdate makes at the time of receipt, if it is one that telemetry can be of.
func (q *request) backdate(at time.Time) bool {
	if at.Year() < 2000 || at.After(q.received) {
		return false
	}
	q.received = at.Truncate(time.Millisecond)
	return true
}

// importedParcel names what was read, and dates it by its event when its header did not.
func (q *request) importedParcel(p *parcel) error {
	for i := range p.items {
		if !p.header.SentAt.IsZero() || !shapeOf(p.items[i].header).json {
			continue
		}
		b, err := p.items[i].payload.bytes()
		if err != nil {
			return err
		}
		if q.backdate(jsonTime(gjson.GetBytes(b, "timestamp"))) {
			break
		}
	}
	sum := q.imported.Sum(strconv.AppendInt(nil, int64(q.key.ProjectID), 10))
	named := sha256.Sum256(sum)
	var id ulid.ULID
	if err := id.SetTime(ulid.Timestamp(q.received)); err != nil {
		return err
	}
	if err := id.SetEntropy(named[:10]); err != nil {
		return err
	}
	q.ingestID = id.String()
	return nil
}

// jsonTime reads seconds since 1970 or RFC 3339; zero when it is neither.
func jsonTime(v gjson.Result) time.Time {
	if v.Type == gjson.Number && v.Num > 0 && v.Num < 1e11 {
		return time.UnixMilli(int64(v.Num * 1000)).UTC()
	}
	t, _ := time.Parse(time.RFC3339Nano, v.String())
	return t
}

// importReader hashes what is read of an envelope.
func importReader(r io.Reader, sum hash.Hash) io.Reader {
	if sum == nil {
		return r
	}
	return io.TeeReader(r, sum)
}
