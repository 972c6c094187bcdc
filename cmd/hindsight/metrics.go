package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hindsight-dev/hindsight/internal/stream"
)

// streamMetrics asks the stream how it is, when Prometheus asks.
type streamMetrics struct{ stream *stream.Stream }

var (
	descPending     = prometheus.NewDesc("hindsight_stream_pending", "Messages not yet settled, by kind.", []string{"kind"}, nil)
	descRedelivered = prometheus.NewDesc("hindsight_stream_redelivered", "Unsettled messages delivered more than once, by kind.", []string{"kind"}, nil)
	descBytes       = prometheus.NewDesc("hindsight_stream_bytes", "Bytes in this process's own stream.", nil, nil)
	descMaxBytes    = prometheus.NewDesc("hindsight_stream_max_bytes", "Limit of this process's own stream.", nil, nil)
	descMessages    = prometheus.NewDesc("hindsight_stream_messages", "Messages in this process's own stream.", nil, nil)
	descPumpLag     = prometheus.NewDesc("hindsight_stream_pump_lag", "Messages not yet moved to the cluster.", nil, nil)
	descDead        = prometheus.NewDesc("hindsight_dead_letters", "Messages that could not be stored.", nil, nil)
	descUp          = prometheus.NewDesc("hindsight_stream_up", "1 when the stream answered this look.", nil, nil)
)

// Describe implements prometheus.Collector.
func (m streamMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descPending, descRedelivered, descBytes, descMaxBytes, descMessages, descPumpLag, descDead, descUp} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m streamMetrics) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	st, err := m.stream.Stats(ctx)
	if err != nil {
		gauge(descUp, 0)
		return
	}
	gauge(descUp, 1)
	gauge(descBytes, float64(st.Bytes))
	gauge(descMaxBytes, float64(st.MaxBytes))
	gauge(descMessages, float64(st.Messages))
	gauge(descPumpLag, float64(st.PumpLag))
	gauge(descDead, float64(st.DeadLetters))
	for kind, k := range st.Kinds {
		gauge(descPending, float64(k.Pending)+float64(k.AckPending), string(kind))
		gauge(descRedelivered, float64(k.Redelivered), string(kind))
	}
}
