package main

import (
	"slices"
	"strconv"
	"time"
)

// tally is what one connection has seen.
type tally struct {
	statuses  map[int]int
	accepted  int
	latencies []time.Duration
}

func (t *tally) add(status, accepted int, latency time.Duration) {
	if t.statuses == nil {
		t.statuses = map[int]int{}
	}
	t.statuses[status]++
	t.accepted += accepted
	t.latencies = append(t.latencies, latency)
}

// summary is the result of a run; latencies are of all requests, in milliseconds.
type summary struct {
	Seconds   float64            `json:"seconds"`
	Requests  int                `json:"requests"`
	Accepted  int                `json:"accepted"`
	Statuses  map[string]int     `json:"statuses"`
	LatencyMs map[string]float64 `json:"latency_ms"`
}

func summed(tallies []tally, elapsed time.Duration) summary {
	statuses := map[string]int{}
	accepted := 0
	var latencies []time.Duration
	for _, one := range tallies {
		for status, count := range one.statuses {
			statuses[strconv.Itoa(status)] += count
		}
		accepted += one.accepted
		latencies = append(latencies, one.latencies...)
	}
	slices.Sort(latencies)
	return summary{elapsed.Seconds(), len(latencies), accepted, statuses, percentiles(latencies)}
}

func percentiles(sorted []time.Duration) map[string]float64 {
	told := map[string]float64{}
	if len(sorted) == 0 {
		return told
	}
	for name, part := range map[string]float64{"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "max": 1} {
		at := min(int(part*float64(len(sorted))), len(sorted)-1)
		told[name] = float64(sorted[at].Microseconds()) / 1000
	}
	return told
}
