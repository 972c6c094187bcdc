package scrub

import (
	"net/netip"
	"strings"
	"unicode/utf8"
)

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= utf8.RuneSelf
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// begins says whether a word may begin at i.
func begins(t string, i int) bool { return i == 0 || !isWord(t[i-1]) }

// ends says whether a word may end before i.
func ends(t string, i int) bool { return i >= len(t) || !isWord(t[i]) }

func findBearer(f []finding, t string) []finding {
	for i := 0; i < len(t); i++ {
		if t[i]|0x20 != 'b' || !hasFold(t[i:], "bearer") || !begins(t, i) {
			continue
		}
		j := i + len("bearer")
		start := j
		for j < len(t) && isBlank(t[j]) {
			j++
		}
		end := j
		for end < len(t) && !isBlank(t[end]) {
			end++
		}
		if start < j && j < end && t[j:end] != filtered && t[j:end] != "[token]" {
			f = append(f, finding{i, end, "Bearer [token]", ruleBearer})
			i = end
		}
	}
	return f
}

func findJWT(f []finding, t string) []finding {
	for i := 0; i < len(t); i++ {
		if t[i] != 'e' || !strings.HasPrefix(t[i:], "eyJ") || !begins(t, i) {
			continue
		}
		end, dots := i, 0
		for end < len(t) && (isWord(t[end]) || t[end] == '-' || t[end] == '.' && dots < 2) {
			if t[end] == '.' {
				dots++
			}
			end++
		}
		if dots == 2 && end-i >= 30 {
			f = append(f, finding{i, end, filtered, ruleToken})
		}
		i = end
	}
	return f
}

// findPEM takes the body of a key; one that never ends, to the end of the text.
func findPEM(f []finding, t string) []finding {
	const begin, end, dashes = "-----BEGIN", "-----END", "-----"
	for at := 0; ; {
		i := strings.Index(t[at:], begin)
		if i < 0 {
			return f
		}
		i += at + len(begin)
		head := strings.Index(t[i:min(len(t), i+80)], dashes)
		if head < 0 || !strings.Contains(t[i:i+head], "KEY") {
			at = i
			continue
		}
		start := i + head + len(dashes)
		stop := len(t)
		if j := strings.Index(t[start:], end); j >= 0 {
			stop = start + j
		}
		if strings.TrimSpace(t[start:stop]) != "" && strings.TrimSpace(t[start:stop]) != filtered {
			f = append(f, finding{start, stop, "\n" + filtered + "\n", rulePEM})
		}
		at = stop
	}
}

func findURLAuth(f []finding, t string) []finding {
	for i := 0; i+1 < len(t); i++ {
		if t[i] != '/' || t[i+1] != '/' {
			continue
		}
		start, at := i+2, -1
		j := start
		for ; j < len(t) && !isBlank(t[j]) && strings.IndexByte("/?#\"'<>", t[j]) < 0; j++ {
			if t[j] == '@' {
				at = j
			}
		}
		if at > start && t[start:at] != filtered {
			f = append(f, finding{start, at, filtered, ruleURLAuth})
		}
		i = max(i, j-1)
	}
	return f
}

// findCards finds 13 to 16 digits, possibly parted by single blanks or dashes, that begin as an
// issuer's cards do and pass the Luhn check.
func findCards(f []finding, t string) []finding {
	for i := 0; i < len(t); i++ {
		if !isDigit(t[i]) || !begins(t, i) || i >= 2 && t[i-1] == '.' && isDigit(t[i-2]) {
			continue
		}
		if end := card(t[i:]); end > 0 {
			f = append(f, finding{i, i + end, "[creditcard]", ruleCard})
			i += end - 1
		}
	}
	return f
}

// card returns the length of the card number t begins with, 0 for none.
func card(t string) int {
	var digits [16]byte
	n, found := 0, 0
	for i := 0; i < len(t) && n < len(digits); i++ {
		if !isDigit(t[i]) {
			if (t[i] == '-' || t[i] == ' ') && i+1 < len(t) && isDigit(t[i+1]) {
				continue
			}
			break
		}
		digits[n] = t[i]
		n++
		if n >= 13 && ends(t, i+1) && issuer(digits[:n]) && luhn(digits[:n]) {
			found = i + 1
		}
	}
	return found
}

func issuer(d []byte) bool {
	four := int(d[0]-'0')*1000 + int(d[1]-'0')*100 + int(d[2]-'0')*10 + int(d[3]-'0')
	switch len(d) {
	case 13:
		return d[0] == '4'
	case 14:
		return four >= 3000 && four <= 3059 || four/100 == 36 || four/100 == 38 || four/100 == 39
	case 15:
		return four/100 == 34 || four/100 == 37
	default:
		return d[0] == '4' || four >= 5100 && four <= 5599 || four >= 2221 && four <= 2720 || four == 6011 ||
			four >= 6440 && four <= 6599 || four >= 3528 && four <= 3589 || four/100 == 62
	}
}

func luhn(d []byte) bool {
	sum := 0
	for i, c := range d {
		n := int(c - '0')
		if (len(d)-i)%2 == 0 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum%10 == 0
}

func findSSN(f []finding, t string) []finding {
	const shape = "ddd-dd-dddd"
	for i := 0; i+len(shape) <= len(t); i++ {
		if isDigit(t[i]) && begins(t, i) && ends(t, i+len(shape)) && shaped(t[i:], shape) {
			f = append(f, finding{i, i + len(shape), "[us-ssn]", ruleSSN})
			i += len(shape) - 1
		}
	}
	return f
}

func shaped(t, shape string) bool {
	for i := range len(shape) {
		if shape[i] == 'd' && !isDigit(t[i]) || shape[i] != 'd' && t[i] != shape[i] {
			return false
		}
	}
	return true
}

const ibanCountries = "AT AD AE AL AZ BA BE BG BH BR BY CH CR CY CZ DE DK DO EE EG ES FI FO FR GB GE GI GL GR GT HR HU IE IL IQ IS IT JO KW KZ LB LC LI LT LU LV LY MC MD ME MK MR MT MU NL NO PK PL PS PT QA RO RU RS SA SC SE SI SK SM ST SV TL TN TR UA VA VG XK DZ AO BJ BF BI CV CM CF TD KM CG CI DJ GQ GA GW HN IR MG ML MA MZ NI NE SN TG"

// findIBAN takes a number written as one word by its shape, one in groups of four only when its
// check digits are right.
func findIBAN(f []finding, t string) []finding {
	for i := 0; i+15 <= len(t); i++ {
		if t[i] < 'A' || t[i] > 'Z' || !begins(t, i) || !isDigit(t[i+2]) || !isDigit(t[i+3]) {
			continue
		}
		if at := strings.Index(ibanCountries, t[i:i+2]); at < 0 || at%3 != 0 {
			continue
		}
		if end := iban(t[i:]); end > 0 {
			f = append(f, finding{i, i + end, "[iban]", ruleIBAN})
			i += end - 1
		}
	}
	return f
}

func iban(t string) int {
	end := 4
	for end < len(t) && end < 34 && isAlnum(t[end]) {
		end++
	}
	if end >= 15 {
		if ends(t, end) && end <= 33 {
			return end
		}
		return 0
	}
	if end != 4 {
		return 0
	}
	var digits []byte
	found := 0
	for i := 0; i < len(t) && len(digits) < 34; i++ {
		if t[i] == ' ' && i%5 == 4 {
			continue
		}
		if !isAlnum(t[i]) || i%5 == 4 {
			break
		}
		digits = append(digits, t[i])
		if len(digits) >= 15 && ends(t, i+1) && ibanCheck(digits) {
			found = i + 1
		}
	}
	return found
}

func ibanCheck(d []byte) bool {
	rest := 0
	for i := range d {
		c := d[(i+4)%len(d)]
		switch {
		case isDigit(c):
			rest = (rest*10 + int(c-'0')) % 97
		default:
			rest = (rest*100 + int(c&^0x20-'A') + 10) % 97
		}
	}
	return rest == 1
}

func isAlnum(c byte) bool { return isWord(c) && c != '_' && c < utf8.RuneSelf }

func findEmails(f []finding, t string) []finding {
	for i := 1; i < len(t); i++ {
		if t[i] != '@' {
			continue
		}
		start, end, dot := i, i+1, -1
		for start > 0 && i-start < 64 && (isAlnum(t[start-1]) || strings.IndexByte(".!#$%&'*+/=?^_`{|}~-", t[start-1]) >= 0) {
			start--
		}
		for end < len(t) && (isAlnum(t[end]) || t[end] == '-' || t[end] == '.') {
			if t[end] == '.' {
				dot = end
			}
			end++
		}
		for end > i+1 && !isAlnum(t[end-1]) {
			end--
		}
		if end <= dot { // the last dot was punctuation
			dot = strings.LastIndexByte(t[i:end], '.') + i
		}
		if start < i && dot > i+1 && end-dot > 2 {
			f = append(f, finding{start, end, "[email]", ruleEmail})
		}
		i = max(i, end-1)
	}
	return f
}

// findUserDirs finds the name in /home/name, /Users/name and C:\Users\name.
func findUserDirs(f []finding, t string) []finding {
	for i := 0; i < len(t); i++ {
		if t[i] != '/' && t[i] != '\\' {
			continue
		}
		n := anyFold(t[i+1:], "home", "users", "documents and settings")
		start := i + 1 + n + 1
		if n == 0 || start >= len(t) || t[start-1] != '/' && t[start-1] != '\\' {
			continue
		}
		for t[start] == '\\' && start+1 < len(t) { // written twice
			start++
		}
		end := start
		for end < len(t) && end-start < 64 && !isBlank(t[end]) && strings.IndexByte(`/\"':;,()<>`, t[end]) < 0 {
			end++
		}
		if t[i] == '\\' { // Windows names may have blanks
			if j := strings.IndexByte(t[start:min(len(t), start+64)], '\\'); j > 0 && !strings.ContainsAny(t[start:start+j], "\r\n\"") {
				end = start + j
			}
		}
		if end > start && t[start:end] != "[user]" {
			f = append(f, finding{start, end, "[user]", ruleUserPath})
		}
		i = max(i, end-1)
	}
	return f
}

// findAddresses finds addresses in a text; with cut it keeps their networks.
func findAddresses(f []finding, t string, cut bool) []finding {
	for i := 0; i < len(t); i++ {
		if !isAddressByte(t[i]) || !begins(t, i) {
			continue
		}
		end := i
		for end < len(t) && isAddressByte(t[end]) {
			end++
		}
		word := strings.TrimRight(t[i:end], ".:")
		if strings.HasSuffix(t[i:end], "::") && strings.HasPrefix(t[i:], word+"::") {
			word += "::"
		}
		if n := addressLen(word); n > 0 && ends(t, i+n) {
			with := "[ip]"
			if cut {
				with, _ = truncated(t[i : i+n])
			}
			if with != t[i:i+n] {
				f = append(f, finding{i, i + n, with, ruleIP})
			}
		}
		i = end
	}
	return f
}

func isAddressByte(c byte) bool {
	return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' || c == '.' || c == ':'
}

// addressLen returns how much of a word is an address: all, or what stands before a port.
func addressLen(w string) int {
	if len(w) < 3 || len(w) > 64 {
		return 0
	}
	if _, err := netip.ParseAddr(w); err == nil {
		return len(w)
	}
	if i := strings.IndexByte(w, ':'); i > 0 {
		if a, err := netip.ParseAddr(w[:i]); err == nil && a.Is4() {
			return i
		}
	}
	return 0
}
