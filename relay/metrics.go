package relay

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the relay's Prometheus collectors. Labels come from closed sets of our own words.
type metrics struct {
	requests *prometheus.CounterVec   // endpoint, status
	refusals *prometheus.CounterVec   // reason
	items    *prometheus.CounterVec   // category, outcome, reason
	took     *prometheus.HistogramVec // endpoint
	ack      prometheus.Histogram
	bytes    prometheus.Counter
}

func newMetrics(reg prometheus.Registerer, rl *Relay) (*metrics, error) {
	opts := func(name, help string) prometheus.CounterOpts {
		return prometheus.CounterOpts{Namespace: "hindsight", Name: name, Help: help}
	}
	m := &metrics{
		requests: prometheus.NewCounterVec(opts("ingest_requests_total", "Requests answered by the edge."), []string{"endpoint", "status"}),
		refusals: prometheus.NewCounterVec(opts("ingest_refusals_total", "Requests refused by the edge."), []string{"reason"}),
		items:    prometheus.NewCounterVec(opts("ingest_items_total", "Items the edge dropped or refused."), []string{"category", "outcome", "reason"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "hindsight", Name: "ingest_request_seconds",
			Help: "Time to answer a request.", Buckets: prometheus.ExponentialBuckets(0.0005, 2.5, 12)}, []string{"endpoint"}),
		ack: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "hindsight", Name: "ingest_ack_seconds",
			Help: "Time until the stream acknowledged.", Buckets: prometheus.ExponentialBuckets(0.0005, 2.5, 12)}),
		bytes: prometheus.NewCounter(opts("ingest_bytes_total", "Bytes of envelopes published.")),
	}
	if reg == nil {
		return m, nil
	}
	inside := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "hindsight", Name: "ingest_requests_in_flight",
		Help: "Requests being handled."}, func() float64 { return float64(rl.gate.inside()) })
	for _, c := range []prometheus.Collector{m.requests, m.refusals, m.items, m.took, m.ack, m.bytes, inside} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *metrics) request(endpoint string, status int, took time.Duration) {
	if endpoint == "" {
		endpoint = "unknown"
	}
	m.requests.WithLabelValues(endpoint, strconv.Itoa(status)).Inc()
	m.took.WithLabelValues(endpoint).Observe(took.Seconds())
}

func (m *metrics) refused(reason string) { m.refusals.WithLabelValues(reason).Inc() }

func (m *metrics) item(category, outcome, reason string, n int64) {
	m.items.WithLabelValues(category, outcome, reason).Add(float64(n))
}
