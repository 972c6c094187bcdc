package envelope

import (
	"errors"
	"math"
	"time"
)

// SessionStatus is how a session stands or ended.
type SessionStatus string

// The statuses.
const (
	SessionOK        SessionStatus = "ok" // running
	SessionExited    SessionStatus = "exited"
	SessionCrashed   SessionStatus = "crashed"
	SessionAbnormal  SessionStatus = "abnormal"
	SessionErrored   SessionStatus = "errored"
	SessionUnhandled SessionStatus = "unhandled" // an unhandled error that was survived
)

func (s SessionStatus) valid() bool {
	switch s {
	case SessionOK, SessionExited, SessionCrashed, SessionAbnormal, SessionErrored, SessionUnhandled:
		return true
	}
	return false
}

// Session is one update of a release-health session.
type Session struct {
	ID                ID     // zero when missing: then never updated
	DistinctID        string // of the user
	Seq               *uint64
	Init              bool // the first update, which counts the session; Seq is 0 then
	Timestamp         time.Time
	Started           time.Time
	Duration          *float64 // seconds
	Status            SessionStatus
	Errors            uint64
	AbnormalMechanism string
	Attributes        SessionAttributes
}

// SessionAttributes are common to the updates, or aggregates, of one item.
type SessionAttributes struct {
	Release     string
	Environment string
	IPAddress   string // "{{auto}}": that of the connection
	UserAgent   string
}

// ParseSession reads a session payload. A zero Timestamp and a nil Seq stand for the time of
// receipt (Seq in milliseconds). Refused are: no release, no start, an unknown status, the
// largest seq; a timestamp before the start becomes the start.
func ParseSession(payload []byte) (*Session, error) {
	s := Session{Status: SessionOK}
	err := readObject(payload, func(name string, v []byte) {
		switch name {
		case "sid":
			s.ID = jsonID(v)
		case "did":
			s.DistinctID = shortText(v, maxShort)
		case "seq":
			s.Seq = nil
			if n, ok := jsonUint(v, math.MaxUint64); ok {
				s.Seq = &n
			}
		case "init":
			b := jsonBoolean(v)
			s.Init = b != nil && *b
		case "timestamp":
			s.Timestamp, _ = jsonTime(v)
		case "started":
			s.Started, _ = jsonTime(v)
		case "duration":
			s.Duration = nil
			if f, ok := jsonFloat(v); ok && f >= 0 {
				s.Duration = &f
			}
		case "status":
			s.Status = SessionOK
			if !isNull(v) {
				s.Status = SessionStatus(shortText(v, 20))
			}
		case "errors":
			s.Errors, _ = jsonUint(v, math.MaxInt64)
		case "abnormal_mechanism":
			s.AbnormalMechanism = shortText(v, maxShort)
		case "attrs":
			s.Attributes = sessionAttributes(v)
		}
	})
	if err != nil {
		return nil, err
	}
	switch {
	case s.Attributes.Release == "":
		return nil, errSessionRelease
	case s.Started.IsZero():
		return nil, errors.New("session without started")
	case !s.Status.valid():
		return nil, errors.New("session with an unknown status")
	case s.Seq != nil && *s.Seq == math.MaxUint64:
		return nil, errors.New("session with the largest seq")
	}
	if s.Init {
		s.Seq = new(uint64(0))
	}
	if !s.Timestamp.IsZero() && s.Timestamp.Before(s.Started) {
		s.Timestamp = s.Started
	}
	return &s, nil
}

var errSessionRelease = errors.New("session without a release")

func sessionAttributes(v []byte) SessionAttributes {
	var a SessionAttributes
	eachMember(v, func(name string, v []byte) {
		switch name {
		case "release":
			a.Release = releaseText(v)
		case "environment":
			a.Environment = environmentText(v)
		case "ip_address":
			a.IPAddress = shortText(v, 64)
		case "user_agent":
			a.UserAgent = shortText(v, 1024)
		}
	})
	return a
}

// SessionAggregates is what a server's SDK counted over a minute or more.
type SessionAggregates struct {
	Aggregates []SessionAggregate
	Attributes SessionAttributes
}

// SessionAggregate counts the sessions begun in one minute. The counters are disjoint.
type SessionAggregate struct {
	Started    time.Time
	DistinctID string
	Exited     uint64
	Errored    uint64
	Abnormal   uint64
	Unhandled  uint64
	Crashed    uint64
}

// maxAggregates bounds the buckets of one item: more than a day of minutes.
const maxAggregates = 10_000

// maxSessionCount bounds one counter, so that sums cannot overflow.
const maxSessionCount = math.MaxInt32

// ParseSessionAggregates reads a sessions payload. Buckets without a start are left out; an item
// without a release, or with no bucket left, is refused.
func ParseSessionAggregates(payload []byte) (*SessionAggregates, error) {
	var s SessionAggregates
	err := readObject(payload, func(name string, v []byte) {
		switch name {
		case "attrs":
			s.Attributes = sessionAttributes(v)
		case "aggregates":
			s.Aggregates = nil
			eachElement(v, func(v []byte) {
				if a := sessionAggregate(v); !a.Started.IsZero() && len(s.Aggregates) < maxAggregates {
					s.Aggregates = append(s.Aggregates, a)
				}
			})
		}
	})
	if err != nil {
		return nil, err
	}
	if s.Attributes.Release == "" {
		return nil, errSessionRelease
	}
	if len(s.Aggregates) == 0 {
		return nil, errors.New("sessions without aggregates")
	}
	return &s, nil
}

func sessionAggregate(v []byte) SessionAggregate {
	var a SessionAggregate
	eachMember(v, func(name string, v []byte) {
		n, _ := jsonUint(v, maxSessionCount)
		switch name {
		case "started":
			a.Started, _ = jsonTime(v)
		case "did":
			a.DistinctID = shortText(v, maxShort)
		case "exited":
			a.Exited = n
		case "errored":
			a.Errored = n
		case "abnormal":
			a.Abnormal = n
		case "unhandled":
			a.Unhandled = n
		case "crashed":
			a.Crashed = n
		}
	})
	return a
}

// Total is the number of sessions in the bucket.
func (a *SessionAggregate) Total() uint64 {
	return a.Exited + a.Errored + a.Abnormal + a.Unhandled + a.Crashed
}
