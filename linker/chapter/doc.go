// Package chapter cuts a replay into what the user did: one chapter per action that led to something,
// with the requests it set off, the backend work behind each of them, and the errors of both sides.
//
// It is pure: [Derive] makes the same chapters of the same facts, in whatever order they came. A
// chapter's id depends only on its replay and on what began it, so that it stays when later segments
// and late links add to it.
package chapter
