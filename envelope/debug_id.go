package envelope

import (
	"strconv"
	"strings"
)

// ParseDebugID reads the id of a debug file or source map in any spelling: 32 hex digits with or without dashes,
// and after them the age of a Windows file, with a dash or, as Breakpad writes it, without. It gives the
// spelling to compare: lower case, dashes, the age in hex unless it is 0
// (https://develop.sentry.dev/sdk/data-model/event-payloads/debugmeta/).
func ParseDebugID(s string) (string, bool) {
	hex := strings.ToLower(strings.TrimSpace(s))
	if len(hex) > 64 {
		return "", false
	}
	var age string
	if len(hex) > 37 && hex[8] == '-' && hex[36] == '-' {
		hex, age = hex[:36], hex[37:]
	} else if len(hex) > 33 && hex[8] != '-' && hex[32] == '-' {
		hex, age = hex[:32], hex[33:]
	}
	hex = strings.ReplaceAll(hex, "-", "")
	if len(hex) > 32 && age == "" {
		hex, age = hex[:32], hex[32:]
	}
	if len(hex) != 32 || len(age) > 8 || strings.ContainsFunc(hex+age, func(r rune) bool { return !('0' <= r && r <= '9' || 'a' <= r && r <= 'f') }) {
		return "", false
	}
	id := hex[:8] + "-" + hex[8:12] + "-" + hex[12:16] + "-" + hex[16:20] + "-" + hex[20:]
	if n, err := strconv.ParseUint(age, 16, 32); err == nil && n > 0 {
		id += "-" + strconv.FormatUint(n, 16)
	}
	return id, true
}
