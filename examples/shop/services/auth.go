package main

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/getsentry/sentry-go"
)

func auth(mux *http.ServeMux) {
	mux.HandleFunc("GET /verify", func(w http.ResponseWriter, r *http.Request) {
		user := r.Header.Get("X-Shop-User")
		span := sentry.StartSpan(r.Context(), "function", sentry.WithDescription("Verify"))
		defer span.Finish()
		if user == "" {
			reply(w, http.StatusUnauthorized, map[string]string{"detail": "who are you?"})
			return
		}
		sum := sha256.Sum256([]byte(user))
		reply(w, http.StatusOK, map[string]string{"session": hex.EncodeToString(sum[:8])})
	})
}
