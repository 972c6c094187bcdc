// Package api serves the JSON API under /api/0/: Sentry's own paths and shapes, so that what already
// speaks to Sentry works, and ours in the same style. The web UI uses nothing else.
//
// The Go types here are the contract: openapi.json is generated from them, committed, and a test says
// it is current. One route table ([Routes]) carries what each route needs from its caller; a request
// passes authorize first, which finds the caller (session cookie or bearer token), the organisation and
// the project named in the path, and refuses the rest. Handlers get that as a [store.Scope] and never
// take an organisation from anywhere else. A route without an entry in the table is refused.
//
// Errors are {"detail": "..."} in application/json. Lists page with Sentry's Link header.
//
// This package reads through store's queries and writes only what a person changes (an issue's status,
// a project's name, a key). It never touches the stream: dead letters come through an interface that
// cmd hands in.
package api
