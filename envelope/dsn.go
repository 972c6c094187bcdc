package envelope

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
)

// ErrDSN is returned for text that is not a DSN. It never repeats the text, which may hold a
// secret.
var ErrDSN = errors.New("not a DSN")

// ProjectID is a project's number.
type ProjectID int64

// ParseProjectID reads a project's number: decimal digits, above zero.
func ParseProjectID(s string) (ProjectID, error) {
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil || n == 0 {
		return 0, errors.New("not a project id")
	}
	return ProjectID(n), nil
}

// String gives decimal digits.
func (id ProjectID) String() string { return strconv.FormatInt(int64(id), 10) }

// DSN says where a project's data goes: {scheme}://{public_key}[:{secret}]@{host}{path}/{id}.
type DSN struct {
	Scheme    string // "http" or "https"
	PublicKey string
	SecretKey string // legacy; accepted, ignored, never to be logged
	Host      string // with its port unless that is the scheme's own
	Path      string // "" or "/prefix", without a trailing slash
	ProjectID ProjectID
}

// ParseDSN reads a DSN. The public key may be any word, as in SDKs; whether a server could have
// given it out says [PublicKey].
func ParseDSN(s string) (*DSN, error) {
	if len(s) > 2048 {
		return nil, ErrDSN
	}
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || u.User == nil || u.Hostname() == "" {
		return nil, ErrDSN
	}
	d := &DSN{Scheme: u.Scheme, PublicKey: u.User.Username(), Host: u.Host}
	d.SecretKey, _ = u.User.Password()
	switch {
	case d.Scheme == "http":
		d.Host = strings.TrimSuffix(d.Host, ":80")
	case d.Scheme == "https":
		d.Host = strings.TrimSuffix(d.Host, ":443")
	default:
		return nil, ErrDSN
	}
	if !isWord(d.PublicKey) {
		return nil, ErrDSN
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	slash := strings.LastIndexByte(path, '/')
	if slash < 0 {
		return nil, ErrDSN
	}
	d.Path = strings.TrimRight(path[:slash], "/")
	if d.ProjectID, err = ParseProjectID(path[slash+1:]); err != nil {
		return nil, ErrDSN
	}
	return d, nil
}

func isWord(s string) bool {
	for _, c := range []byte(s) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_') {
			return false
		}
	}
	return s != ""
}

// String gives the DSN without its secret, as one hands it out.
func (d *DSN) String() string {
	return d.Scheme + "://" + d.PublicKey + "@" + d.Host + d.Path + "/" + d.ProjectID.String()
}

// EndpointURL is where SDKs post to: EndpointURL("envelope") for all modern ones.
func (d *DSN) EndpointURL(endpoint string) string {
	return d.Scheme + "://" + d.Host + d.Path + "/api/" + d.ProjectID.String() + "/" + endpoint + "/"
}

// PublicKey checks the form of a public key: 32 lower-case hex digits. What follows them (SDKs'
// and Relay's flags) is ignored; the key is returned without it.
func PublicKey(s string) (string, bool) {
	if len(s) < 32 {
		return "", false
	}
	for _, c := range []byte(s[:32]) {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f') {
			return "", false
		}
	}
	return s[:32], true
}
