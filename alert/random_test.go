package alert_test

import (
	"crypto/rand"
	"encoding/hex"
)

func rand128() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
