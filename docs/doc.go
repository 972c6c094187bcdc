// Package docs holds pages for people, and the tests that keep those of them current that are made
// from code.
package docs
