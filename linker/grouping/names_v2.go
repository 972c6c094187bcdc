package grouping

import (
	"regexp"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
)

// What the second algorithm adds to the names of the first.
var (
	kotlinNames = rewrites(
		`\$suspendImpl$|\$default$`, ``, // fun x$default, suspend fun
		`\$lambda[-$]\d+(?:\$\d+)*$`, `$$lambda`,
		`-[0-9A-Za-z_-]{7}$`, ``, // value classes mangle names
	)
	swiftNames = rewrites(
		`^\(\d+\) (?:await resume|suspend resume) partial function for `, ``,
		`^(?:specialized |merged |outlined |generic specialization <[^>]*> of |protocol witness for |dispatch thunk of |@objc )+`, ``,
	)
	javaModules = rewrites(
		`\$\$Lambda(?:\$\d+)?(?:/0x[0-9a-f]+)?`, `$$$$Lambda`,
		`\$sam\$[\w$]+$`, ``,
		`\$ExternalSyntheticLambda\d+`, `$$Lambda`,
	)
	pythonNames = rewrites(`<(?:listcomp|genexpr|dictcomp|setcomp)>`, `<comp>`)
	goParams    = rewrites(`\(\*([\w.]+)\)`, `$1`)
)

func functionNameV2(platform, name string) string {
	switch platform {
	case "java", "android", "groovy":
		return kotlinNames.apply(name)
	case "cocoa", "objc", "native":
		return swiftNames.apply(name)
	case "python":
		return pythonNames.apply(name)
	case "go":
		return goParams.apply(name) // a method is the same with a pointer receiver
	}
	return name
}

func moduleNameV2(platform, m string) string {
	switch platform {
	case "java", "android", "groovy":
		return javaModules.apply(moduleName(platform, m))
	}
	return moduleName(platform, m)
}

var deviceDirs = regexp.MustCompile(`/(?:var/)?containers/Bundle/Application/[0-9A-Fa-f-]{36}/|/data/app/(?:~~[^/]+/)?[^/]+/`)

// fileNameV2 is the lasting part of a file's name, without where on which machine it was built or installed.
func fileNameV2(f *envelope.Frame) string {
	g := *f
	g.Filename = deviceDirs.ReplaceAllString(g.Filename, "/")
	for strings.HasPrefix(g.Filename, "../") {
		g.Filename = g.Filename[3:]
	}
	return fileName(&g)
}

// machinery knows the frames that carry an asynchronous call from one piece of code to the next. Which of them are
// there, and how many, depends on the runtime's version and on chance; it says why.
func machinery(platform string, f *envelope.Frame) string {
	const gap = "it only carries an asynchronous call"
	fn := f.Function
	switch platform {
	case "javascript", "node":
		switch {
		case strings.HasPrefix(fn, "Promise.") || strings.HasPrefix(fn, "async Promise."), fn == "processTicksAndRejections" || strings.HasSuffix(fn, "process.processTicksAndRejections"),
			fn == "asyncGeneratorStep" || fn == "_asyncToGenerator" || fn == "__awaiter" || fn == "__generator" || fn == "tryCatch" || fn == "fulfilled" || fn == "rejected",
			strings.HasPrefix(fn, "Generator.") || strings.HasPrefix(fn, "regeneratorRuntime"), fn == "new Promise" || fn == "runMicrotasks",
			strings.Contains(f.Filename, "regenerator-runtime") || strings.Contains(f.AbsPath, "zone.js"),
			fn == "sentryWrapped" || strings.HasPrefix(f.Module, "@sentry"):
			return gap
		}
	case "python":
		switch {
		case strings.HasPrefix(f.Module, "asyncio.") || f.Module == "asyncio", strings.HasPrefix(f.Module, "concurrent.futures"), strings.HasPrefix(f.Module, "sentry_sdk"),
			strings.HasPrefix(f.Module, "anyio.") || strings.HasPrefix(f.Module, "greenlet"):
			return gap
		}
	case "dart", "other":
		if strings.Contains(fn, "asynchronous suspension") || strings.Contains(fn, "asynchronous gap") || f.AbsPath == "<asynchronous suspension>" || f.Filename == "<asynchronous suspension>" {
			return gap
		}
	case "csharp":
		m := f.Module + "." + fn
		if strings.HasPrefix(m, "System.Runtime.ExceptionServices.") || strings.HasPrefix(m, "System.Runtime.CompilerServices.") && strings.Contains(m, "Awaiter") ||
			strings.HasPrefix(m, "System.Threading.Tasks.Task") || strings.HasPrefix(m, "System.Threading.ExecutionContext") || strings.HasPrefix(m, "System.Threading.ThreadPool") {
			return gap
		}
	case "java", "android":
		if strings.HasPrefix(f.Module, "kotlin.coroutines") || strings.HasPrefix(f.Module, "kotlinx.coroutines") || fn == "resumeWith" ||
			strings.HasPrefix(f.Module, "jdk.internal.reflect.") || strings.HasPrefix(f.Module, "sun.reflect.") || strings.HasPrefix(f.Module, "java.lang.reflect.") ||
			strings.HasPrefix(f.Module, "java.util.concurrent.CompletableFuture") || strings.HasPrefix(f.Module, "java.util.concurrent.ForkJoin") {
			return gap
		}
	case "cocoa", "objc", "native":
		if strings.HasPrefix(fn, "swift_task_") || strings.HasPrefix(fn, "_dispatch_") || strings.HasPrefix(fn, "completeTask(") || strings.HasPrefix(fn, "thunk for ") {
			return gap
		}
	case "rust":
		if strings.Contains(fn, "core::future::from_generator") || strings.HasPrefix(fn, "std::panicking") || strings.HasPrefix(fn, "std::sys_common::backtrace::__rust") ||
			strings.HasPrefix(fn, "core::panicking") || fn == "rust_begin_unwind" || strings.HasPrefix(fn, "std::rt::") {
			return gap
		}
	}
	return ""
}
