package main

import (
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	lingerTime   = 5 * time.Millisecond
	maxBodyBytes = 512 << 10
	maxEvents    = 500
)

type handler struct {
	origin   string
	boot     string
	schemaID uint32
	types    catalogue
	producer *kgo.Client
	receipt  atomic.Int64
}

type rejection struct {
	Index   int    `json:"index"`
	Message string `json:"message"`
}

type reply struct {
	Success  bool        `json:"success"`
	EventID  string      `json:"eventId,omitempty"`
	Count    int         `json:"count,omitempty"`
	Error    string      `json:"error,omitempty"`
	Rejected []rejection `json:"rejected,omitempty"`
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := time.Now().UnixMilli()
	if r.Method != http.MethodPost || r.Header.Get("Origin") != h.origin {
		answer(w, http.StatusForbidden, reply{Error: "not allowed"})
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		answer(w, http.StatusRequestEntityTooLarge, reply{Error: err.Error()})
		return
	}
	batch, err := parse(body)
	if err != nil {
		answer(w, http.StatusBadRequest, reply{Error: err.Error()})
		return
	}
	records, ids, rejected := h.records(batch, sniffed(r.UserAgent()), now)
	if len(records) == 0 {
		answer(w, http.StatusBadRequest, reply{Error: "every event was rejected", Rejected: rejected})
		return
	}
	if err := h.publish(r, records); err != nil {
		answer(w, http.StatusServiceUnavailable, reply{Error: err.Error()})
		return
	}
	if batch.Event != nil {
		answer(w, http.StatusOK, reply{Success: true, EventID: ids[0]})
		return
	}
	answer(w, http.StatusOK, reply{Success: true, Count: len(records), Rejected: rejected})
}

// records encodes every event that keeps the rules; an event id that repeats within the batch counts once.
func (h *handler) records(batch *batch, speaker client, now int64) ([]*kgo.Record, []string, []rejection) {
	var records []*kgo.Record
	var ids []string
	var rejected []rejection
	shared := appendShared(nil, batch, speaker, now, h.boot)
	key := []byte(batch.SessionID)
	seen := make(map[string]struct{}, len(batch.Events))
	for index := range batch.Events {
		one := &batch.Events[index]
		if err := h.types.check(one, now, batch.sentAt); err != nil {
			rejected = append(rejected, rejection{index, err.Error()})
			continue
		}
		if _, repeated := seen[one.EventID]; repeated {
			continue
		}
		seen[one.EventID] = struct{}{}
		value := appendOwn(header(h.schemaID), one, speaker, h.receipt.Add(1))
		records = append(records, &kgo.Record{Key: key, Value: append(value, shared...)})
		ids = append(ids, one.EventID)
	}
	return records, ids, rejected
}

// publish returns when every record is acknowledged.
func (h *handler) publish(r *http.Request, records []*kgo.Record) error {
	var waiting sync.WaitGroup
	var failure atomic.Pointer[error]
	waiting.Add(len(records))
	for _, record := range records {
		h.producer.Produce(r.Context(), record, func(_ *kgo.Record, err error) {
			if err != nil {
				failure.Store(&err)
			}
			waiting.Done()
		})
	}
	waiting.Wait()
	if err := failure.Load(); err != nil {
		return *err
	}
	return nil
}

func answer(w http.ResponseWriter, status int, told reply) {
	text, _ := json.Marshal(told)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(text)
}
