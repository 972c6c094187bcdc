package channel

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Sealer seals and opens; package seal's Box does.
type Sealer interface {
	Seal(place string, text []byte) []byte
	Open(place string, sealed []byte) ([]byte, error)
}

// place names what a configuration is sealed for: it opens in no other organisation.
func place(orgID int64) string {
	return "alert channel of organization " + strconv.FormatInt(orgID, 10)
}

// Seal seals a configuration for an organisation.
func Seal(b Sealer, orgID int64, c *Config) ([]byte, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return b.Seal(place(orgID), text), nil
}

// Open opens a sealed configuration.
func Open(b Sealer, orgID int64, sealed []byte) (*Config, error) {
	text, err := b.Open(place(orgID), sealed)
	if err != nil {
		return nil, fmt.Errorf("the channel's configuration %w; was HINDSIGHT_SECRET or the data directory's secret.key changed?", err)
	}
	c := new(Config)
	if err := json.Unmarshal(text, c); err != nil {
		return nil, fmt.Errorf("the channel's configuration: %w", err)
	}
	return c, nil
}

// MailLane has one mail in flight at a time: they all go through one server.
const MailLane = "mail"

// Lane names what may have one message in flight at a time: a crash repeats that one, and no more.
func Lane(kind string, channelID int64) string {
	if kind == Email {
		return MailLane
	}
	return "channel " + strconv.FormatInt(channelID, 10)
}

// KeepTrying is how long a message is tried before it counts as failed.
const KeepTrying = 24 * time.Hour
