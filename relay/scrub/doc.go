// Package scrub takes personal data and secrets out of what SDKs send, before anything persists.
//
// A [Scrubber] holds the settings of a project. It works on the JSON bytes of a payload in one
// pass: it walks the tokens with a description of the payload at hand (schema.go), judges names
// (names.go) and text (text.go), and collects edits. Bytes it has no reason to touch stay as they
// are; a payload without a finding is returned as it was given. Every change to an event, span,
// log or metric leaves a remark in its "_meta", as Sentry's Relay does.
//
// What counts as sensitive are Sentry's default rules (relay-pii, convert.rs and regexes.rs,
// 2026), plus the Luhn check for cards, JSON web tokens, and "name=value" within text. Three
// kinds of field are told apart, because the rules destroy what they meet:
//
//   - Data (extra, request bodies, variables, breadcrumbs, …): a sensitive name filters the whole
//     value, a sensitive word within text filters the whole text, a card number is filtered in
//     place.
//   - Text the product lives from (messages, exception values, URLs, tags, span descriptions,
//     user ids): only the card number, the token, the password's value go, in place.
//   - Code and structure (functions, file names, versions, ids): untouched.
//
// The package never decides by where a value came from or who sent it, reads no clock, does no
// I/O but for the streams it is given, and runs in time linear in its input. What cannot be read
// cannot be scrubbed: it is an error, and the caller drops that part.
package scrub
