package main

import (
	"encoding/binary"
	"encoding/json"
	"math"
)

// The fields of schemas/avro/interaction.avsc in their order.

func header(schemaID uint32) []byte {
	made := make([]byte, 0, 640)
	return binary.BigEndian.AppendUint32(append(made, 0), schemaID)
}

func appendOwn(out []byte, e *event, speaker client, receipt int64) []byte {
	out = appendText(out, e.EventID)
	out = appendText(out, e.EventType)
	out = appendText(out, e.EventCategory)
	out = binary.AppendVarint(out, e.occurredAt)
	out = appendText(out, e.timeSource)
	out = appendOptionalLong(out, e.clientTime)
	out = appendText(out, e.Path)
	out = appendOptionalText(out, e.PerfumeID)
	out = appendOptionalText(out, e.HouseID)
	out = appendOptionalText(out, e.NoteID)
	out = appendOptionalJSON(out, e.EventData)
	out = appendOptionalLong(out, e.Duration)
	if e.Value == nil {
		out = append(out, 0)
	} else {
		out = binary.LittleEndian.AppendUint64(append(out, 2), math.Float64bits(*e.Value))
	}
	out = appendOptionalText(out, e.Referrer)
	out = appendOptionalLong(out, e.Seq)
	if e.DeviceType == "" || e.DeviceType == "unknown" {
		out = appendText(out, speaker.device)
	} else {
		out = appendText(out, e.DeviceType)
	}
	out = append(out, 0) // truncated: an empty array
	return binary.AppendVarint(out, receipt)
}

func appendShared(out []byte, b *batch, speaker client, receivedAt int64, boot string) []byte {
	out = appendText(out, b.SessionID)
	out = append(out, 0) // user_id
	out = appendOptionalText(out, b.VisitorID)
	out = appendOptionalText(out, b.TabID)
	out = appendOptionalLong(out, b.sentAt)
	out = binary.AppendVarint(out, receivedAt)
	out = appendText(out, speaker.browser)
	out = appendText(out, speaker.os)
	out = appendOptionalText(out, &speaker.userAgent)
	out = append(out, speaker.bot, speaker.bot)
	out = appendText(out, "browser")
	out = appendOptionalText(out, b.SDK)
	out = appendOptionalJSON(out, b.Context)
	out = appendOptionalText(out, b.Consent)
	return appendText(out, boot)
}

func appendText(out []byte, text string) []byte {
	return append(binary.AppendVarint(out, int64(len(text))), text...)
}

func appendOptionalText(out []byte, text *string) []byte {
	if text == nil {
		return append(out, 0)
	}
	return appendText(append(out, 2), *text)
}

func appendOptionalJSON(out []byte, text json.RawMessage) []byte {
	if len(text) == 0 {
		return append(out, 0)
	}
	out = binary.AppendVarint(append(out, 2), int64(len(text)))
	return append(out, text...)
}

func appendOptionalLong(out []byte, number *int64) []byte {
	if number == nil {
		return append(out, 0)
	}
	return binary.AppendVarint(append(out, 2), *number)
}
