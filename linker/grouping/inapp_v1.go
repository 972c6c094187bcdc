package grouping

import (
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
)

// inAppV1 says whether a frame is the application's own code. What the SDK says counts, except that
// browsers' SDKs call everything the application's. Where it says nothing, where the code
// lies decides, by the habits of each platform.
func inAppV1(platform string, f *envelope.Frame) bool {
	if f.Platform != "" {
		platform = f.Platform
	}
	path := strings.ToLower(strings.ReplaceAll(f.AbsPath+"\n"+f.Filename, `\`, "/"))
	switch platform {
	case "javascript", "node":
		if foreignScriptV1(path, f) {
			return false
		}
	case "go":
		if strings.HasPrefix(f.Module, "github.com/getsentry/sentry-go") {
			return false
		}
	}
	if f.InApp != nil {
		return *f.InApp
	}
	return !libraryV1(platform, path, f)
}

func foreignScriptV1(path string, f *envelope.Frame) bool {
	return containsAny(path, "/node_modules/", "node:", "webpack/bootstrap", "webpack/runtime", "(webpack)", "/~/", "extension://", "wasm-function",
		"internal/", "/_next/static/chunks/framework", "/_next/static/chunks/polyfills") ||
		strings.HasPrefix(path, "native") || f.Filename == "<anonymous>" || f.Filename == "[native code]" ||
		strings.HasPrefix(f.Filename, "node_modules/")
}

func libraryV1(platform, path string, f *envelope.Frame) bool {
	switch platform {
	case "python":
		return containsAny(path, "/site-packages/", "/dist-packages/", "/lib/python", "/lib64/python", "<frozen ", "/pypy")
	case "go":
		first, _, _ := strings.Cut(f.Module, "/")
		return containsAny(path, "/vendor/", "/pkg/mod/", "/usr/local/go/src/", "/usr/lib/go") ||
			first != "" && first != "main" && !strings.Contains(first, ".") && strings.Contains(path, "/src/"+f.Module+"/") && strings.Contains(path, "/go")
	case "java", "android", "groovy":
		return hasPrefixAny(f.Module, "java.", "javax.", "jakarta.", "jdk.", "sun.", "com.sun.", "kotlin.", "kotlinx.", "scala.", "groovy.",
			"android.", "androidx.", "com.android.", "dalvik.", "libcore.", "com.google.android.", "com.google.common.", "org.springframework.",
			"org.apache.", "org.hibernate.", "org.eclipse.", "org.jboss.", "io.netty.", "io.undertow.", "io.vertx.", "reactor.", "rx.",
			"io.reactivex.", "okhttp3.", "retrofit2.", "okio.", "com.fasterxml.", "com.zaxxer.", "org.postgresql.", "com.mysql.", "org.junit.",
			"ch.qos.logback.", "org.slf4j.", "io.sentry.", "feign.", "io.micrometer.", "com.squareup.", "dagger.", "akka.", "play.")
	case "ruby":
		return containsAny(path, "/gems/", "/lib/ruby/", "/rubies/", "<internal:", "/bin/bundle", "/bin/rails")
	case "php":
		return containsAny(path, "/vendor/", "[internal]") || f.Filename == "" && f.AbsPath == ""
	case "csharp":
		m := f.Module
		if m == "" {
			m = f.Function
		}
		return hasPrefixAny(m, "System.", "Microsoft.", "Newtonsoft.", "Npgsql.", "Sentry.", "mscorlib", "Xamarin.", "UnityEngine.", "Polly.", "MediatR.", "Serilog.")
	case "rust":
		return containsAny(path, "/rustc/", "/.cargo/registry/", "/.cargo/git/", "/.rustup/", "/library/std/", "/library/core/") ||
			hasPrefixAny(strings.TrimLeft(f.Function, "<"), "std::", "core::", "alloc::", "tokio::", "futures", "rust_begin_unwind", "backtrace::", "sentry", "hyper::", "tower::", "actix")
	case "cocoa", "objc", "native", "c":
		p := strings.ToLower(f.Package)
		return containsAny(p, "/system/library/", "/usr/lib/", "/lib/x86_64", "/lib64/", "/apex/", "/system/lib", "libsystem", "libswift", "c:/windows",
			`c:\windows`, "uikitcore", "corefoundation", "libdispatch", "libc.so", "libpthread", "ntdll", "kernel32", "dyld")
	case "perl":
		return containsAny(path, "/perl5/", "/share/perl", "/lib/perl")
	case "dart":
		return containsAny(path, "package:flutter/", "dart:", "package:http/", "package:dio/", "package:sentry", "/.pub-cache/")
	case "elixir":
		return containsAny(path, "/deps/", "/lib/elixir/", "/erlang/") || hasPrefixAny(f.Module, "Plug.", "Phoenix.", "Ecto.", "DBConnection", "GenServer", ":", "Enum", "Task.", "Bandit.", "Cowboy", "Elixir.Plug.", "Elixir.Phoenix.") ||
			f.Module == "" && strings.HasPrefix(f.Function, ":")
	}
	return containsAny(path, "/usr/lib/", "/usr/share/", "/vendor/", "/node_modules/")
}
