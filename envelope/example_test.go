package envelope_test

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
)

const message = `{"event_id":"0a1b2c3d4e5f60718293a4b5c6d7e8f9","trace":{"replay_id":"12345678123456781234567812345678"}}
{"type":"attachment","length":10,"content_type":"text/plain","filename":"notes.txt"}
0123456789
{"type":"event"}
{"message":"disk is full","level":"error"}
`

func ExampleParse() {
	e, err := envelope.Parse([]byte(message))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e.Header.EventID, "in replay", e.Header.Trace.ReplayID)
	for _, item := range e.Items {
		fmt.Println(item.Header.Type, item.Header.Filename, len(item.Payload))
	}
	// Output:
	// 0a1b2c3d4e5f60718293a4b5c6d7e8f9 in replay 12345678123456781234567812345678
	// attachment notes.txt 10
	// event  42
}

func ExampleReader() {
	r := envelope.NewReader(strings.NewReader(message), envelope.Limits{Sizes: &envelope.Sizes{Event: 20}})
	for {
		item, err := r.Next()
		var tooLarge *envelope.LimitError
		switch {
		case err == io.EOF:
			return
		case errors.As(err, &tooLarge):
			fmt.Println("413:", err)
			return
		case err != nil:
			fmt.Println("400:", err)
			return
		}
		if item.Type == "attachment" {
			n, _ := io.Copy(io.Discard, r)
			fmt.Println(item.Filename, n)
		}
	}
	// Output:
	// notes.txt 10
	// 413: envelope exceeded size limits for type 'event' (https://develop.sentry.dev/sdk/envelopes/#size-limits)
}

func ExampleParseDSN() {
	dsn, err := envelope.ParseDSN("https://00112233445566778899aabbccddeeff@errors.example/hindsight/7")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(dsn.ProjectID, dsn.EndpointURL("envelope"))
	// Output:
	// 7 https://errors.example/hindsight/api/7/envelope/
}

func ExampleParseBaggage() {
	baggage := envelope.ParseBaggage("vendor=1,sentry-trace_id=771a43a4192642f0b136d5159a501700,sentry-sampled=true,sentry-replay_id=12345678123456781234567812345678")
	dsc := baggage.DSC()
	fmt.Println(dsc.TraceID, *dsc.Sampled, dsc.ReplayID, baggage.Get("vendor"))
	// Output:
	// 771a43a4192642f0b136d5159a501700 true 12345678123456781234567812345678 1
}
