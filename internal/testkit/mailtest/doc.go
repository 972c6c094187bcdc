// Package mailtest is a mail server for tests: it takes every mail over SMTP and keeps it.
package mailtest
