package relay

import "github.com/prometheus/client_golang/prometheus"

// forwardMetrics asks the forwarder how it is, when Prometheus asks. Projects are no labels: who
// they are is for the API to say.
type forwardMetrics struct {
	f                           *forwarder
	pending, lag, sent, dropped *prometheus.Desc
}

func newForwardMetrics(f *forwarder) *forwardMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("hindsight_forward_"+name, help, labels, nil)
	}
	return &forwardMetrics{f,
		desc("pending", "Copies that wait for their upstream, of all projects."),
		desc("lag_seconds", "Age of the copies last handled, of the project that is furthest behind."),
		desc("sent_total", "Copies that upstreams took."),
		desc("dropped_total", "Copies that were given up.", "reason"),
	}
}

// Describe implements prometheus.Collector.
func (m *forwardMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.pending, m.lag, m.sent, m.dropped} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m *forwardMetrics) Collect(ch chan<- prometheus.Metric) {
	var pending uint64
	var lag float64
	var sent int64
	dropped := map[string]int64{}
	m.f.mu.Lock()
	for _, s := range m.f.states {
		s.mu.Lock()
		pending += s.st.Pending
		sent += s.st.Sent
		if s.st.Pending > 0 {
			lag = max(lag, s.st.Lag.Seconds())
		}
		for reason, n := range s.st.Dropped {
			dropped[reason] += n
		}
		s.mu.Unlock()
	}
	m.f.mu.Unlock()
	ch <- prometheus.MustNewConstMetric(m.pending, prometheus.GaugeValue, float64(pending))
	ch <- prometheus.MustNewConstMetric(m.lag, prometheus.GaugeValue, lag)
	ch <- prometheus.MustNewConstMetric(m.sent, prometheus.CounterValue, float64(sent))
	for reason, n := range dropped {
		ch <- prometheus.MustNewConstMetric(m.dropped, prometheus.CounterValue, float64(n), reason)
	}
}
