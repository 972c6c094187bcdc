package linker

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	batches  *prometheus.CounterVec
	messages *prometheus.CounterVec
	rows     *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	joins    prometheus.Histogram
	poisoned prometheus.Counter
	missed   prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	buckets := []float64{.001, .005, .01, .05, .1, .5, 1, 5, 20}
	m := &metrics{
		batches: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "hindsight_linker_batches_total",
			Help: "Batches handled, by kind and result."}, []string{"kind", "result"}),
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "hindsight_linker_messages_total",
			Help: "Messages committed and joined, by kind; redelivered ones count again."}, []string{"kind"}),
		rows: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "hindsight_linker_rows_total",
			Help: "Items inserted, found to be duplicates, or of redelivered messages."}, []string{"result"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "hindsight_linker_batch_seconds",
			Help: "Time from taking a batch to acknowledging it.", Buckets: buckets}, []string{"kind"}),
		joins: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "hindsight_linker_join_seconds",
			Help: "Time a batch's joins took.", Buckets: buckets}),
		poisoned: prometheus.NewCounter(prometheus.CounterOpts{Name: "hindsight_linker_poisoned_traces_total",
			Help: "Times a trace was found to be shared by too many replays, as by a cached page."}),
		missed: prometheus.NewGauge(prometheus.GaugeOpts{Name: "hindsight_linker_missed_links",
			Help: "Items of the last half hour with a trace of a replay and no link, when last looked; anything but 0 is a fault."}),
	}
	if reg == nil {
		return m, nil
	}
	var errs []error
	for _, c := range []prometheus.Collector{m.batches, m.messages, m.rows, m.seconds, m.joins, m.poisoned, m.missed} {
		errs = append(errs, reg.Register(c))
	}
	return m, errors.Join(errs...)
}
