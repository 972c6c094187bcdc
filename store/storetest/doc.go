// Package storetest opens real databases for tests: one body, every engine.
package storetest
