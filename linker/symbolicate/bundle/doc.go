// Package bundle reads archives of sources and source maps, as sentry-cli and the bundler plugins upload them: a ZIP
// with a manifest.json, mostly behind a header of eight bytes
// (https://docs.sentry.io/platforms/javascript/sourcemaps/troubleshooting_js/artifact-bundles/; the header is symbolic's "SYSB").
//
// An archive comes from whoever holds a token, and what it says about itself may be a lie. So its directory is bounded
// before it is read, every file is unpacked once and counted while that is done, and a file is found again by where its bytes
// lie and never by its name. Nothing is written to disk. What is refused is refused with a sentence that sentry-cli shows.
//
// The path through it is [Read].
package bundle
