//go:build sentryold

package main

import (
	"context"
	"fmt"
	"html"

	"github.com/getsentry/sentry-go"
)

// metaTags hands the request's trace to the page. Without tracing this version has none.
func metaTags(ctx context.Context) string {
	tx := sentry.TransactionFromContext(ctx)
	if tx == nil || tx.TraceID == (sentry.TraceID{}) {
		return ""
	}
	return fmt.Sprintf(`<meta name="sentry-trace" content="%s"><meta name="baggage" content="%s">`,
		html.EscapeString(tx.ToSentryTrace()), html.EscapeString(tx.ToBaggage()))
}
