package normalize

import (
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
)

// Sides of a session: where the user is, and what serves them.
const (
	Backend  = "backend"
	Frontend = "frontend"
)

// Side tells on which side an event was made. Browsers and apps are the frontend.
func Side(ev *envelope.Event) string {
	name := ""
	if ev.SDK != nil {
		name = ev.SDK.Name
	}
	return SideOf(ev.Platform, name, ev.Contexts.Text("runtime", "name"))
}

// SideOf tells it from the platform, the SDK's name and, for frameworks that run on both sides
// under one name (Next.js, Remix, …), the JavaScript runtime. Each may be empty.
func SideOf(platform, sdk, runtime string) string {
	sdk = strings.ToLower(sdk)
	platform = strings.ToLower(platform)
	if s, ok := strings.CutPrefix(sdk, "sentry.javascript."); ok {
		return javascriptSide(platform, s, runtime)
	}
	for _, part := range []string{"android", "flutter", "unity", "unreal", "maui", "xamarin", "react-native", "cordova",
		"capacitor", "electron", "cocoa", "swift", "kotlin-multiplatform", "godot", "wpf"} {
		if strings.Contains(sdk, part) {
			return Frontend
		}
	}
	switch platform {
	case "cocoa", "objc", "android", "as3":
		return Frontend
	case "javascript":
		return javascriptSide(platform, "", runtime)
	case "dart":
		if sdk == "" {
			return Frontend
		}
	}
	return Backend
}

func javascriptSide(platform, sdk, runtime string) string {
	switch first, _, _ := strings.Cut(sdk, "."); first {
	case "browser", "react", "vue", "angular", "angular-ivy", "svelte", "ember", "solid", "preact", "wasm",
		"react-native", "electron", "capacitor", "cordova", "expo":
		return Frontend
	case "node", "node-core", "node-native", "bun", "deno", "cloudflare", "vercel-edge", "nestjs", "aws-serverless",
		"serverless", "google-cloud-serverless", "opentelemetry", "hono", "elysia", "effect":
		return Backend
	}
	switch strings.ToLower(runtime) {
	case "node", "node.js", "bun", "deno", "cloudflare", "workerd", "vercel-edge", "edge-light", "netlify":
		return Backend
	}
	switch platform {
	case "node", "bun", "deno":
		return Backend
	}
	return Frontend
}
