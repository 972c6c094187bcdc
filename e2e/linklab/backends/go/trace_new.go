//go:build !sentryold

package main

import (
	"context"
	"fmt"
	"html"

	"github.com/getsentry/sentry-go"
)

// metaTags hands the request's trace to the page, with tracing and without.
func metaTags(ctx context.Context) string {
	hub := sentry.GetHubFromContext(ctx)
	return fmt.Sprintf(`<meta name="sentry-trace" content="%s"><meta name="baggage" content="%s">`,
		html.EscapeString(hub.GetTraceparent()), html.EscapeString(hub.GetBaggage()))
}
