// Package ui serves the React app from inside the binary.
//
// The app is built by Vite into dist, which is embedded but not committed: only
// dist/.gitkeep is tracked, so that a checkout without a built UI still compiles, and
// every build restores it from public. Without a built app the handler serves one
// plain page that says how to build it.
//
// The app talks to the server through the JSON API alone; this package knows nothing of it.
package ui
