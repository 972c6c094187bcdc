package linker

import (
	"fmt"
	"testing"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// FuzzOTLP: no export of OpenTelemetry makes the linker panic or fail; what it says is refused is counted.
func FuzzOTLP(f *testing.F) {
	w := newWorld(f, storetest.SQLiteURL(f))
	for i, d := range w.otelService() {
		env, err := envelope.Parse(d.Body)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(i == 1, false, env.Items[0].Payload)
	}
	f.Add(false, true, []byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"`+traceT+`","spanId":"eeee0000eeee0000","name":"n","startTimeUnixNano":"1","endTimeUnixNano":2,"attributes":[{"key":"k","value":{"kvlistValue":{"values":[{"key":"a","value":{"arrayValue":{"values":[{"intValue":"1"}]}}}]}}}]}]}]}]}`))
	f.Add(true, true, []byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1767225600000000000","severityNumber":"SEVERITY_NUMBER_INFO","body":{"stringValue":"b"}}]}]}]}`))
	f.Fuzz(func(t *testing.T, logs, asJSON bool, payload []byte) {
		kind, media := "otlp_traces", "application/x-protobuf"
		if logs {
			kind = "otlp_logs"
		}
		if asJSON {
			media = "application/json"
		}
		body := fmt.Appendf(nil, "{}\n{\"type\":%q,\"content_type\":%q,\"length\":%d}\n%s\n", kind, media, len(payload), payload)
		d := &stream.Delivery{Message: stream.Message{Kind: stream.KindItem, ID: "m", Received: noon, OrgID: w.org, ProjectID: w.first, PublicKey: "k", Body: body, Size: int64(len(body))}, Attempt: 1}
		if _, err := w.l.decode(t.Context(), stream.KindItem, d); err != nil {
			t.Error(err)
		}
	})
}
