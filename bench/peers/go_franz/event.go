package main

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"
	"unicode/utf8"
)

const (
	maxID, maxPath  = 128, 2048
	maxEventData    = 16 << 10
	maxContext      = 4 << 10
	maxAgeMs        = 48 * 3_600_000
	futureMs        = 5 * 60_000
	clockSkewMs     = 5 * 60_000
	latestMs        = 253_402_300_799_999
	earliestISOZone = len("2026-03-01T12:00Z")
)

type event struct {
	EventID       string          `json:"eventId"`
	EventType     string          `json:"eventType"`
	EventCategory string          `json:"eventCategory"`
	Timestamp     json.RawMessage `json:"timestamp"`
	Path          string          `json:"path"`
	PerfumeID     *string         `json:"perfumeId"`
	HouseID       *string         `json:"houseId"`
	NoteID        *string         `json:"noteId"`
	EventData     json.RawMessage `json:"eventData"`
	Duration      *int64          `json:"duration"`
	Value         *float64        `json:"value"`
	Referrer      *string         `json:"referrer"`
	DeviceType    string          `json:"deviceType"`
	Seq           *int64          `json:"seq"`
	UserID        *string         `json:"userId"`

	clientTime *int64
	occurredAt int64
	timeSource string
}

type batch struct {
	SessionID string          `json:"sessionId"`
	TabID     *string         `json:"tabId"`
	VisitorID *string         `json:"visitorId"`
	SentAt    json.RawMessage `json:"sentAt"`
	Consent   *string         `json:"consent"`
	SDK       *string         `json:"sdk"`
	Context   json.RawMessage `json:"context"`
	Event     *event          `json:"event"`
	Events    []event         `json:"events"`

	sentAt *int64
}

func parse(body []byte) (*batch, error) {
	if bytes.Contains(body, []byte(`\u0000`)) || !utf8.Valid(body) {
		return nil, errors.New("a NUL character, or no UTF-8")
	}
	made := &batch{}
	if err := json.Unmarshal(body, made); err != nil {
		return nil, err
	}
	if made.SessionID == "" || len(made.SessionID) > maxID || longer(made.TabID) || longer(made.VisitorID) {
		return nil, errors.New("a session id is missing, or an id is too long")
	}
	if (made.Event == nil) == (made.Events == nil) || len(made.Events) > maxEvents {
		return nil, errors.New("expected exactly one of event and events, with at most 500 events")
	}
	if made.Event != nil {
		made.Events = []event{*made.Event}
	}
	if len(made.Context) > maxContext {
		return nil, errors.New("context is too large")
	}
	var err error
	made.sentAt, err = epochMs(made.SentAt)
	return made, err
}

func longer(id *string) bool {
	return id != nil && (len(*id) == 0 || utf8.RuneCountInString(*id) > maxID)
}

// epochMs reads ISO 8601 with a zone, or epoch milliseconds; nil where there is none.
func epochMs(raw json.RawMessage) (*int64, error) {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return nil, nil
	}
	var ms int64
	if raw[0] == '"' {
		if len(raw) < earliestISOZone {
			return nil, errors.New("not a time")
		}
		moment, err := time.Parse(time.RFC3339Nano, string(raw[1:len(raw)-1]))
		if err != nil {
			return nil, err
		}
		ms = moment.UnixMilli()
	} else {
		var number float64
		if err := json.Unmarshal(raw, &number); err != nil {
			return nil, err
		}
		ms = int64(number)
	}
	if ms < 0 || ms > latestMs {
		return nil, errors.New("a time out of range")
	}
	return &ms, nil
}

// settleTime decides when the event happened, by the client's clock and ours.
func (e *event) settleTime(now int64, sentAt *int64) error {
	var err error
	if e.clientTime, err = epochMs(e.Timestamp); err != nil {
		return err
	}
	if e.clientTime == nil {
		e.occurredAt, e.timeSource = now, "server"
		return nil
	}
	e.occurredAt, e.timeSource = *e.clientTime, "client"
	if sentAt != nil {
		if offset := now - *sentAt; offset > clockSkewMs || offset < -clockSkewMs {
			e.occurredAt, e.timeSource = *e.clientTime+offset, "client_corrected"
		}
	}
	if e.occurredAt > now+futureMs {
		e.occurredAt, e.timeSource = now, "clamped"
	}
	if e.occurredAt < now-maxAgeMs {
		return errors.New("too old")
	}
	return nil
}

func newUUID() string {
	var raw [16]byte
	rand.Read(raw[:])
	raw[6], raw[8] = raw[6]&0x0f|0x40, raw[8]&0x3f|0x80
	text := make([]byte, 36)
	hex.Encode(text, raw[:4])
	hex.Encode(text[9:], raw[4:6])
	hex.Encode(text[14:], raw[6:8])
	hex.Encode(text[19:], raw[8:10])
	hex.Encode(text[24:], raw[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text)
}
