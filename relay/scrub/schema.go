package scrub

import "strings"

// mode says what may be done to a value.
type mode uint16

const (
	byName   mode = 1 << iota // a sensitive name filters the whole value
	byWord                    // a sensitive word filters the whole text
	inPlace                   // cards, keys, tokens, … are filtered where they stand
	byAssign                  // "name=value" filters the value where it stands
	labelled                  // what stood there is named: [creditcard]
	emails                    // e-mail addresses go, too
	userDirs                  // the user's part of /home/… goes, too
)

const (
	modeNone  mode = 0
	modeData       = byName | byWord | inPlace | userDirs
	modeKept       = byName | inPlace | byAssign            // tags, URLs, ids of users
	modeProse      = inPlace | byAssign | labelled | emails // messages, log bodies
	modeValue      = inPlace | byAssign | labelled          // exception values, descriptions
)

// kind is a form of value with a grammar of its own.
type kind uint8

const (
	kindPlain      kind = iota
	kindHeaders         // HTTP headers
	kindCookies         // a cookie header, or cookies by name
	kindQuery           // a query string, or parameters by name
	kindBody            // a request or response body
	kindAttributes      // typed attributes by name, {"value":…,"type":…}
	kindPairs           // [{"key":…,"value":…}], as OpenTelemetry has it
	kindAddress         // an address, removed when the project says so
	kindRoots           // a list of documents that have a _meta each
	kindEvents          // a list of recorded events
)

// node describes a value: what may be done to it and what its members and elements are.
type node struct {
	mode   mode
	kind   kind
	fields map[string]*node
	rest   *node // members not among the fields; nil: as this node
	elem   *node // elements; nil: as this node
}

func (n *node) member(name string) *node {
	if f := n.fields[name]; f != nil {
		return f
	}
	switch n.kind {
	case kindHeaders:
		return header(name)
	case kindAttributes:
		return attribute(name)
	case kindPairs:
		if n.mode == modeData {
			return attribute(name)
		}
		return ofMode(n.mode)
	}
	if n.rest != nil {
		return n.rest
	}
	if n.fields != nil {
		return ofMode(n.mode)
	}
	return n
}

// ofMode is the plain kind of value with a mode.
func ofMode(m mode) *node {
	switch m {
	case modeNone:
		return none
	case modeKept:
		return kept
	case modeProse:
		return prose
	case modeValue:
		return value
	}
	return data
}

func (n *node) element() *node {
	if n.elem != nil {
		return n.elem
	}
	return n
}

// untouched says that nothing below may be changed.
func (n *node) untouched() bool {
	return n.mode == modeNone && n.kind == kindPlain && n.fields == nil && n.rest == nil && n.elem == nil
}

// The plain kinds of value.
var (
	none       = &node{}
	data       = &node{mode: modeData}
	kept       = &node{mode: modeKept}
	prose      = &node{mode: modeProse}
	value      = &node{mode: modeValue}
	headers    = &node{mode: modeData, kind: kindHeaders}
	cookies    = &node{mode: modeData, kind: kindCookies}
	query      = &node{mode: modeData, kind: kindQuery}
	body       = &node{mode: modeData, kind: kindBody}
	attributes = &node{mode: modeData, kind: kindAttributes}
	address    = &node{mode: modeKept, kind: kindAddress}
	tags       = &node{mode: modeKept, kind: kindPairs}
)

// header describes a header's value. What links a request to its trace and replay must survive;
// the user agent is no secret.
func header(name string) *node {
	switch strings.ToLower(name) {
	case "sentry-trace", "traceparent", "tracestate", "user-agent":
		return none
	case "baggage", "referer", "origin", "host", "location", "forwarded", "via", "x-forwarded-host":
		return kept
	case "cookie", "set-cookie":
		return cookies
	}
	return data
}

// attribute describes a span's, log's or metric's attribute. Those with a meaning in Sentry's and
// OpenTelemetry's conventions (URLs, statements, names of functions) are kept readable.
func attribute(name string) *node {
	for _, p := range []string{"http.request.header.", "http.response.header."} {
		if h, ok := strings.CutPrefix(name, p); ok {
			return header(h)
		}
	}
	switch name {
	case "client.address", "user.ip", "user.ip_address", "client_address":
		return address
	case "http.query", "url.query":
		return query
	case "http.request.body", "http.response.body", "http.request.body.data", "http.request_data":
		return body
	case "sentry.message.template", "exception.message":
		return value
	}
	prefix, _, dotted := strings.Cut(name, ".")
	switch prefix {
	case "url", "http", "user", "server", "net", "network", "rpc", "messaging", "faas", "cloud", "k8s", "host",
		"browser", "device", "os", "app", "service", "telemetry", "exception", "ui", "resource", "navigation", "lcp", "cls", "inp",
		"user_agent", "aws", "graphql", "cache", "vercel", "next", "express", "hapi", "koa":
		return kept
	case "db", "description", "transaction":
		return value
	case "gen_ai", "mcp":
		return prose
	case "code", "thread", "process", "sentry":
		if strings.HasPrefix(name, "sentry.message.parameter") {
			return data
		}
		if dotted {
			return value
		}
	}
	return data
}

// all gives names one description.
func all(n *node, names string, others map[string]*node) map[string]*node {
	m := make(map[string]*node)
	for name := range strings.FieldsSeq(names) {
		m[name] = n
	}
	for name, o := range others {
		m[name] = o
	}
	return m
}

// values describes what SDKs send as {"values":[…]}, as a list, or as one object.
func values(n *node) *node {
	v := &node{mode: n.mode, rest: n.rest, elem: n, fields: map[string]*node{"values": {elem: n}}}
	for name, f := range n.fields {
		v.fields[name] = f
	}
	return v
}

var stacktraceSchema = &node{rest: none, fields: map[string]*node{
	"frames": {elem: &node{rest: none, fields: map[string]*node{"vars": data}}},
}}

var mechanismSchema = &node{rest: none, fields: map[string]*node{"data": data}}

var exceptionSchema = &node{rest: data, fields: all(none, "type module thread_id", map[string]*node{
	"value": value, "mechanism": mechanismSchema, "stacktrace": stacktraceSchema, "raw_stacktrace": stacktraceSchema,
	"sentry.interfaces.Stacktrace": stacktraceSchema,
})}

var threadSchema = &node{rest: none, fields: map[string]*node{"stacktrace": stacktraceSchema, "raw_stacktrace": stacktraceSchema}}

var breadcrumbSchema = &node{rest: data, fields: all(none, "timestamp type ty category level event_id origin", map[string]*node{
	"message": data, "data": breadcrumbData,
})}

// breadcrumbData keeps addresses of pages readable: requests are matched by them.
var breadcrumbData = &node{mode: modeData, fields: all(kept, "url from to", map[string]*node{
	"headers": headers, "request_headers": headers, "response_headers": headers, "http.query": query,
	"method": none, "status_code": none, "__span": none,
})}

var userSchema = &node{mode: modeKept, rest: data, fields: all(kept, "id email username name segment sentry_user", map[string]*node{
	"ip_address": address, "geo": none,
})}

var requestSchema = &node{mode: modeData, fields: all(none, "method protocol body_size inferred_content_type api_target", map[string]*node{
	"url": kept, "query_string": query, "fragment": kept, "data": body, "cookies": cookies, "headers": headers,
	"env": {mode: modeData, fields: map[string]*node{"REMOTE_ADDR": address}},
})}

var logentrySchema = &node{mode: modeProse, fields: map[string]*node{"params": data}}

var traceSchema = &node{rest: none, fields: map[string]*node{"data": attributes, "tags": tags, "description": value}}

var contextsSchema = &node{rest: data, fields: all(none, "os client_os browser runtime app gpu culture cloud_resource profile replay flags monitor"+
	" performance_score memory_info threadpool_info missing_instrumentation", map[string]*node{
	"trace":    traceSchema,
	"device":   {rest: none, fields: map[string]*node{"name": value}},
	"response": {mode: modeData, fields: all(none, "status_code body_size", map[string]*node{"headers": headers, "cookies": cookies, "data": body})},
	"feedback": {mode: modeValue, fields: all(none, "contact_email name source associated_event_id replay_id", map[string]*node{"url": kept})},
})}

var spanSchema = &node{rest: data, fields: all(none, "timestamp start_timestamp exclusive_time op span_id parent_span_id trace_id segment_id is_segment"+
	" status origin profile_id received measurements platform was_transaction same_process_as_parent _metrics_summary hash", map[string]*node{
	"description": value, "data": attributes, "tags": tags,
	"sentry_tags": {mode: modeKept, fields: map[string]*node{"user.ip": address}},
	"links":       {elem: &node{rest: none, fields: map[string]*node{"attributes": attributes}}},
})}

var eventSchema = &node{mode: modeData, fields: eventFields()}

func eventFields() map[string]*node {
	m := all(none, "event_id type level timestamp start_timestamp received platform logger release dist environment modules debug_meta"+
		" fingerprint errors version transaction_info measurements time_spent project key_id _metrics ingest_path grouping_config _meta"+
		" replay_id segment_id replay_type replay_start_timestamp error_ids trace_ids profile_id template", map[string]*node{
		"transaction": value, "culprit": value, "server_name": value, "site": value, "segment_names": value, "urls": kept,
		"tags": tags, "extra": data, "request": requestSchema, "user": userSchema, "contexts": contextsSchema,
		"logentry": logentrySchema, "message": logentrySchema,
		"exception": values(exceptionSchema), "threads": values(threadSchema), "breadcrumbs": values(breadcrumbSchema),
		"stacktrace": stacktraceSchema,
		"spans":      {elem: spanSchema},
		"sdk":        {rest: none, fields: map[string]*node{"client_ip": address}},
		"csp":        kept, "hpkp": kept, "expectct": kept, "expectstaple": kept, "nel": kept,
	})
	for old, name := range map[string]string{
		"Message": "logentry", "Exception": "exception", "Stacktrace": "stacktrace", "Breadcrumbs": "breadcrumbs",
		"User": "user", "Http": "request", "Contexts": "contexts",
	} {
		m["sentry.interfaces."+old] = m[name]
	}
	m["sentry.interfaces.Sdk"], m["sentry.interfaces.Template"] = m["sdk"], none
	return m
}

// containerSchema describes log, metric and span containers. A span's name is its description.
var containerSchema = &node{rest: none, fields: map[string]*node{
	"items": {kind: kindRoots, elem: &node{rest: none, fields: map[string]*node{
		"body": prose, "attributes": attributes, "name": value,
		"links": {elem: &node{rest: none, fields: map[string]*node{"attributes": attributes}}},
	}}},
}}

// otelSchema describes single spans and logs in OpenTelemetry's JSON.
var otelSchema = &node{rest: none, fields: map[string]*node{
	"attributes": {mode: modeData, kind: kindPairs}, "body": prose, "name": value, "status": value,
	"events": {elem: &node{rest: none, fields: map[string]*node{"attributes": {mode: modeData, kind: kindPairs}}}},
	"links":  {elem: &node{rest: none, fields: map[string]*node{"attributes": {mode: modeData, kind: kindPairs}}}},
}}

// reportSchema describes browsers' security reports, network error logs and forms.
var reportSchema = &node{mode: modeKept}

// sessionSchema: of a session only the address is anybody's business.
var sessionSchema = &node{rest: none, fields: map[string]*node{
	"attrs": {rest: none, fields: map[string]*node{"ip_address": {kind: kindAddress}}},
}}

var userReportSchema = &node{rest: none, fields: map[string]*node{"comments": value}}

// customSchema describes a custom event of a recording. Text of the page itself is the SDK's to
// mask, before it is recorded.
var customSchema = &node{rest: none, fields: map[string]*node{
	"data": {rest: none, fields: map[string]*node{
		"payload": {rest: none, fields: map[string]*node{
			"description": data,
			"message":     prose,
			"data":        {mode: modeData, fields: all(kept, "url from to previous", map[string]*node{"request": bodySide, "response": bodySide, "method": none, "statusCode": none, "nodeId": none, "nodeIds": none})},
		}},
	}},
}}

var bodySide = &node{mode: modeData, fields: map[string]*node{"headers": headers, "body": body, "size": none, "_meta": none}}

// headerSchema describes the headers of envelopes and items together.
var headerSchema = &node{rest: kept, fields: all(none, "event_id sent_at sdk dsn type length item_count content_type attachment_type platform"+
	" is_feature_enabled trimmed unscrubbed routing_hint", map[string]*node{
	"filename": value, "user_id": kept,
	"trace": {rest: none, fields: map[string]*node{"transaction": value, "user": kept, "user_id": kept, "user_segment": kept}},
})}

// pageSchema describes what a recording shows of the page: texts and what was typed, in snapshots
// and in changes. Where they stand, the names and the styles are the page's structure.
var pageSchema = &node{rest: none, fields: map[string]*node{
	"data": {rest: none, fields: map[string]*node{
		"node": domSchema, "text": prose, "href": kept,
		"adds":       {elem: &node{rest: none, fields: map[string]*node{"node": domSchema}}},
		"texts":      {elem: &node{rest: none, fields: map[string]*node{"value": prose}}},
		"attributes": {elem: &node{rest: none, fields: map[string]*node{"attributes": domAttributes}}},
	}},
}}

var domAttributes = &node{rest: none, fields: all(prose, "value placeholder title alt aria-label content", map[string]*node{"href": kept, "src": kept})}

var domSchema = newDOMSchema()

// newDOMSchema describes a node of the page, which holds nodes.
func newDOMSchema() *node {
	n := &node{rest: none}
	n.fields = map[string]*node{"textContent": prose, "attributes": domAttributes, "childNodes": {elem: n}}
	return n
}

// otlpSchema describes an OpenTelemetry export of spans or logs, as JSON; protobuf's JSON may spell
// names either way.
var otlpSchema = newOTLPSchema()

// ownerSchema describes a resource or a scope.
var ownerSchema = &node{rest: none, fields: map[string]*node{"attributes": {mode: modeData, kind: kindPairs}}}

func newOTLPSchema() *node {
	owner := ownerSchema
	scopes := &node{elem: &node{rest: none, fields: map[string]*node{
		"scope": owner, "spans": {elem: otelSchema}, "logRecords": {elem: otelSchema}, "log_records": {elem: otelSchema},
	}}}
	resource := &node{elem: &node{rest: none, fields: map[string]*node{
		"resource": owner, "scopeSpans": scopes, "scopeLogs": scopes, "scope_spans": scopes, "scope_logs": scopes,
		"instrumentationLibrarySpans": scopes,
	}}}
	return &node{rest: none, fields: map[string]*node{"resourceSpans": resource, "resourceLogs": resource, "resource_spans": resource, "resource_logs": resource}}
}
