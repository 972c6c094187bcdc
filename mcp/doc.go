// Package mcp answers coding agents at /mcp in the Model Context Protocol: an issue, an event, a replay as
// text (what the user did, what each service did, what broke), a trace, a search.
//
// It asks the JSON API for everything, in the process and with the caller's own token, so it can show and
// change nothing that the token cannot. It is read-only unless it was made with Write.
//
// What it shows came from strangers' browsers and may be written to mislead an agent. Every answer keeps it
// inside quotes or fences, and the server's instructions say that it is data.
//
// The protocol (https://modelcontextprotocol.io/specification) is the official SDK's part: streamable HTTP
// without sessions, so any process can answer any request.
package mcp
