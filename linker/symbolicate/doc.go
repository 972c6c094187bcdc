// Package symbolicate turns the stack traces that machines report into those that people wrote: minified JavaScript by
// source maps, obfuscated Java by ProGuard mappings, addresses of native programs by debug files.
//
// It asks [Artifacts] for what was uploaded and for nothing else: no URL is ever fetched, since the URLs come from
// events, and events come from anybody. What cannot be mapped stays as it came, and each such frame says why
// ([Reason]) in data.mapping, so that a person sees what to do. Where frames were mapped, raw_stacktrace has the
// original ones; an event that is mapped again starts from those.
//
// A file of JavaScript is found by its debug id (debug_meta.images, https://docs.sentry.io/platforms/javascript/sourcemaps/), and when
// there is none by release, dist and URL. Parsed files are kept in a cache that is bounded in bytes.
//
// [Symbolicator.Event] never fails: a file that cannot be read, for whatever reason, is a reason like the others.
// The bytes of the archives are package bundle's, the maps package sourcemap's; this package knows frames.
package symbolicate
