package grouping

import (
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
)

// InApp says whether a frame is the application's own code. What the SDK says counts, except that
// browsers' SDKs call everything the application's. Where it says nothing, where the code lies decides, by
// the habits of each platform. A frame that rules were applied to already ([Config.Group]) is what they said.
func InApp(platform string, f *envelope.Frame) bool {
	if _, marked := f.Data[origInApp]; marked && f.InApp != nil {
		return *f.InApp
	}
	return inAppV2(platform, f)
}

// origInApp is where a frame keeps what the SDK said when rules say otherwise, as in Sentry: 1, 0, or -1 for nothing.
const origInApp = "orig_in_app"

// said is what the SDK says of a frame.
func said(f *envelope.Frame) *bool {
	switch f.Data.Text(origInApp) {
	case "1":
		yes := true
		return &yes
	case "0":
		no := false
		return &no
	case "-1":
		return nil
	}
	return f.InApp
}

func inAppV2(platform string, f *envelope.Frame) bool {
	if f.Platform != "" {
		platform = f.Platform
	}
	path := strings.ToLower(strings.ReplaceAll(f.AbsPath+"\n"+f.Filename, `\`, "/"))
	switch platform {
	case "javascript", "node":
		if foreignScriptV2(path, f) {
			return false
		}
	case "go":
		if strings.HasPrefix(f.Module, "github.com/getsentry/sentry-go") {
			return false
		}
	case "python":
		if strings.Contains(path, "/site-packages/") || strings.Contains(path, "/dist-packages/") || strings.HasPrefix(f.Module, "sentry_sdk") {
			return false
		}
	}
	if in := said(f); in != nil {
		return *in
	}
	return !libraryV2(platform, path, f)
}

func foreignScriptV2(path string, f *envelope.Frame) bool {
	return foreignScriptV1(path, f) || containsAny(path, "/.yarn/", "/.pnpm/", "/bower_components/", "/@vite/client", "/@react-refresh", "/webpack-internal/", "zone.js",
		"react-dom.production", "react-dom-client.production", "/_next/static/chunks/main-", "cdn.jsdelivr.net/npm/", "unpkg.com/", "cdnjs.cloudflare.com/ajax/libs/",
		"googletagmanager.com/", "google-analytics.com/", "connect.facebook.net/") ||
		hasPrefixAny(f.Filename, "webpack/", "<eval", "capacitor://", "ext:") || f.Filename == "native" || f.Module == "@sentry/browser" || strings.HasPrefix(f.Module, "@sentry")
}

func libraryV2(platform, path string, f *envelope.Frame) bool {
	switch platform {
	case "java", "android", "groovy":
		if hasPrefixAny(f.Module, "io.ktor.", "io.opentelemetry.", "io.grpc.", "com.amazonaws.", "software.amazon.awssdk.", "com.google.firebase.", "com.google.gson.",
			"com.google.inject.", "org.jetbrains.", "org.aspectj.", "org.quartz.", "org.mybatis.", "org.jooq.", "com.sun.proxy.", "jdk.proxy", "$Proxy", "io.quarkus.",
			"io.smallrye.", "io.micronaut.", "org.glassfish.", "weblogic.", "com.microsoft.", "org.testng.", "org.mockito.", "com.facebook.react.", "leakcanary.", "timber.", "coil.",
			"zio.", "cats.", "clojure.", "com.typesafe.", "org.scala", "org.codehaus.groovy", "org.gradle.") {
			return true
		}
	case "php":
		if strings.HasPrefix(f.Function, "Illuminate\\") || strings.HasPrefix(f.Function, "Symfony\\") {
			return true
		}
	case "ruby":
		if strings.Contains(path, "/.rbenv/") || strings.Contains(path, "/.rvm/") || strings.Contains(path, "/vendor/bundle/") {
			return true
		}
	case "cocoa", "objc", "native", "c":
		if systemSymbol(f.Function) {
			return true
		}
	case "elixir":
		if containsAny(path, "lib/plug/", "lib/phoenix/", "lib/ecto", "lib/bandit/", "lib/cowboy", "gen_server.erl", "proc_lib.erl", "src/cow", "lib/task/", "lib/oban/") {
			return true
		}
		if strings.HasSuffix(path, ".erl") {
			return true
		}
	case "dart":
		if strings.HasPrefix(f.Package, "flutter") || containsAny(path, "org-dartlang-sdk:", "package:riverpod/", "package:bloc/", "package:flutter_bloc/", "package:provider/", "package:stack_trace/") {
			return true
		}
	case "csharp":
		if hasPrefixAny(f.Module, "Dapper.", "AutoMapper.", "Hangfire.", "Grpc.", "StackExchange.", "Azure.", "Amazon.", "Quartz.", "NHibernate.", "Castle.", "Autofac.") {
			return true
		}
	case "rust":
		if hasPrefixAny(strings.TrimLeft(f.Function, "<"), "axum::", "sqlx::", "diesel::", "rayon::", "serde", "anyhow::", "eyre::", "color_eyre::", "tracing", "__rust_", "main::") &&
			!strings.HasPrefix(f.Function, "main::") {
			return true
		}
		if f.Function == "main" || f.Function == "_start" || f.Function == "__libc_start_main" {
			return true
		}
	case "perl", "powershell", "haskell":
	}
	return libraryV1(platform, path, f)
}

// systemSymbol knows functions that every native program starts, aborts or throws with.
func systemSymbol(fn string) bool {
	switch fn {
	case "_start", "start", "__libc_start_main", "__libc_start_call_main", "thread_start", "start_thread", "_pthread_start", "clone", "clone3", "BaseThreadInitThunk",
		"RtlUserThreadStart", "abort", "raise", "__pthread_kill", "pthread_kill", "__cxa_throw", "objc_exception_throw", "__exceptionPreprocess", "UIApplicationMain",
		"mainCRTStartup", "invoke_main", "__scrt_common_main_seh":
		return true
	}
	return hasPrefixAny(fn, "std::", "__gnu_cxx::", "boost::", "-[UI", "+[UI", "-[NS", "+[NS", "__CF", "CFRunLoop", "_dispatch_", "dispatch_", "GSEventRunModal", "Swift.", "swift_")
}

func containsAny(s string, subs ...string) bool {
	for _, sub := range subs {
		if strings.Contains(s, sub) {
			return true
		}
	}
	return false
}

func hasPrefixAny(s string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}
