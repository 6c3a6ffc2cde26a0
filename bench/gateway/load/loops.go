package main

import (
	"sync"
	"sync/atomic"
	"time"
)

// closedLoop keeps every connection busy for the duration.
func closedLoop(connections []*connection, requests [][]byte, duration time.Duration) summary {
	var next atomic.Int64
	var running sync.WaitGroup
	tallies := make([]tally, len(connections))
	began := time.Now()
	for i, one := range connections {
		running.Add(1)
		go func() {
			defer running.Done()
			for {
				sent := time.Now()
				if sent.Sub(began) > duration {
					return
				}
				request := requests[int(next.Add(1))%len(requests)]
				status, accepted := one.send(request)
				tallies[i].add(status, accepted, time.Since(sent))
			}
		}()
	}
	running.Wait()
	return summed(tallies, time.Since(began))
}

// openLoop makes requests due at a constant rate; each waits for a free connection where there is none.
func openLoop(connections []*connection, requests [][]byte, rate float64, duration time.Duration) summary {
	due := make(chan time.Time, int(rate*duration.Seconds())+1)
	var next atomic.Int64
	var running sync.WaitGroup
	tallies := make([]tally, len(connections))
	for i, one := range connections {
		running.Add(1)
		go func() {
			defer running.Done()
			for moment := range due {
				request := requests[int(next.Add(1))%len(requests)]
				status, accepted := one.send(request)
				tallies[i].add(status, accepted, time.Since(moment))
			}
		}()
	}
	began := time.Now()
	for number := 0; ; number++ {
		moment := began.Add(time.Duration(float64(number) / rate * float64(time.Second)))
		if moment.Sub(began) > duration {
			break
		}
		time.Sleep(time.Until(moment))
		due <- moment
	}
	close(due)
	running.Wait()
	return summed(tallies, time.Since(began))
}
