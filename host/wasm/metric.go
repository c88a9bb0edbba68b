package wasm

import (
	"slices"
	"sync"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
)

// Metric is a number that a module keeps for the operator.
type Metric struct {
	Name  string
	Kind  string // "counter", "gauge" or "summary"
	Value int64  // of a summary the sum
	Count int64  // of a summary how many values
}

var metricFunctions = map[string]function{
	"define":  {i32 + i32 + i32, i32, metricDefine},
	"add":     {i32 + i64, i32, metricAdd},
	"observe": {i32 + i64, i32, metricObserve},
}

var metricKinds = [...]string{"counter", "gauge", "summary"}

// metrics are those of a module, whatever its generations.
type metrics struct {
	mu  sync.Mutex
	all []Metric
}

// metricsOf finds or makes the metrics of the module called name.
func (h *Host) metricsOf(name string) *metrics {
	h.metricMu.Lock()
	defer h.metricMu.Unlock()
	m := h.metrics[name]
	if m == nil {
		m = new(metrics)
		h.metrics[name] = m
	}
	return m
}

func (m *metrics) snapshot() []Metric {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.all)
}

func metricDefine(in *instance, s []uint64) {
	name, ok := in.bytes(s[1], s[2])
	switch {
	case !ok:
		s[0] = code(abi.CodeMemory)
	case len(name) > wire.MaxName:
		s[0] = code(abi.CodeTooBig)
	case uint32(s[0]) > wire.MetricSummary || !metricName(name):
		s[0] = code(abi.CodeInvalid)
	default:
		s[0] = in.g.metrics.define(metricKinds[uint32(s[0])], string(name))
	}
}

func (m *metrics) define(kind, name string) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.IndexFunc(m.all, func(x Metric) bool { return x.Name == name })
	switch {
	case i >= 0 && m.all[i].Kind != kind:
		return code(abi.CodeConflict)
	case i >= 0:
		return uint64(i)
	case len(m.all) >= wire.MaxMetrics:
		return code(abi.CodeBusy)
	}
	m.all = append(m.all, Metric{Name: name, Kind: kind})
	return uint64(len(m.all) - 1)
}

// metricName reports whether monitoring systems take the name.
func metricName(b []byte) bool {
	for i, c := range b {
		if c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return len(b) > 0
}

func metricAdd(in *instance, s []uint64) {
	s[0] = in.g.metrics.change(uint32(s[0]), func(m *Metric) abi.Code {
		delta := int64(s[1])
		if m.Kind == "summary" || m.Kind == "counter" && delta < 0 {
			return abi.CodeInvalid
		}
		m.Value += delta
		return abi.CodeOK
	})
}

func metricObserve(in *instance, s []uint64) {
	s[0] = in.g.metrics.change(uint32(s[0]), func(m *Metric) abi.Code {
		switch v := int64(s[1]); m.Kind {
		case "counter":
			return abi.CodeInvalid
		case "gauge":
			m.Value = v
		default:
			m.Value += v
			m.Count++
		}
		return abi.CodeOK
	})
}

func (m *metrics) change(i uint32, f func(*Metric) abi.Code) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if int64(i) >= int64(len(m.all)) {
		return code(abi.CodeNotFound)
	}
	return code(f(&m.all[i]))
}
