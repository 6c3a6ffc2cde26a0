package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"unicode/utf8"
)

const maxDepth = 8

// dataKey is a known key of eventData; kinds are named as in schemas/event_type.py.
type dataKey struct {
	Name     string   `json:"name"`
	Kind     string   `json:"kind"`
	Required bool     `json:"required"`
	Choices  []string `json:"choices"`
	Minimum  *float64 `json:"minimum"`
	Maximum  *float64 `json:"maximum"`
}

type eventType struct {
	Category string    `json:"category"`
	Requires []string  `json:"requires"`
	Keys     []dataKey `json:"keys"`
}

type catalogue map[string]eventType

// readCatalogue reads the catalogue as the benchmark writes it: one definition for all that are measured.
func readCatalogue(path string) (catalogue, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var types catalogue
	return types, json.Unmarshal(text, &types)
}

// check judges an event by the catalogue and the limits, and settles its id and time.
func (c catalogue) check(e *event, now int64, sentAt *int64) error {
	row, known := c[e.EventType]
	if !known {
		return errors.New("unknown type")
	}
	if e.EventCategory == "" {
		e.EventCategory = row.Category
	}
	if e.EventCategory != row.Category || e.UserID != nil {
		return errors.New("wrong category, or a user named by a browser")
	}
	if e.Path == "" || utf8.RuneCountInString(e.Path) > maxPath || longer(e.PerfumeID) || longer(e.HouseID) || longer(e.NoteID) {
		return errors.New("a path or an id is missing or too long")
	}
	if (e.Duration != nil && *e.Duration < 0) || (e.Seq != nil && *e.Seq < 0) {
		return errors.New("a number out of range")
	}
	if err := e.settleID(); err != nil {
		return err
	}
	for _, field := range row.Requires {
		if e.lacks(field) {
			return fmt.Errorf("%s is required", field)
		}
	}
	if err := row.checkData(e.EventData); err != nil {
		return err
	}
	return e.settleTime(now, sentAt)
}

func (e *event) settleID() error {
	if e.EventID == "" {
		e.EventID = newUUID()
		return nil
	}
	e.EventID = strings.ToLower(e.EventID)
	if len(e.EventID) != 36 {
		return errors.New("eventId is no UUID")
	}
	for i := range 36 {
		letter := e.EventID[i]
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hex := letter >= '0' && letter <= '9' || letter >= 'a' && letter <= 'f'
		if dash != (letter == '-') || !dash && !hex {
			return errors.New("eventId is no UUID")
		}
	}
	return nil
}

func (e *event) lacks(field string) bool {
	switch field {
	case "perfumeId":
		return e.PerfumeID == nil
	case "houseId":
		return e.HouseID == nil
	case "duration":
		return e.Duration == nil
	case "eventData":
		return len(e.EventData) == 0
	}
	return false
}

func (row eventType) checkData(raw json.RawMessage) error {
	if len(raw) > maxEventData {
		return errors.New("eventData is too large")
	}
	var data map[string]any
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &data); err != nil {
			return err
		}
		if deeper(data, maxDepth) {
			return errors.New("eventData is too deep")
		}
	}
	for _, key := range row.Keys {
		value, sent := data[key.Name]
		if !sent || value == nil {
			if key.Required {
				return fmt.Errorf("eventData.%s is required", key.Name)
			}
			continue
		}
		if !key.fits(value) {
			return fmt.Errorf("eventData.%s does not fit", key.Name)
		}
	}
	return nil
}

func deeper(value any, levels int) bool {
	var inner []any
	switch container := value.(type) {
	case map[string]any:
		for _, item := range container {
			inner = append(inner, item)
		}
	case []any:
		inner = container
	default:
		return false
	}
	if levels == 0 {
		return true
	}
	for _, item := range inner {
		if deeper(item, levels-1) {
			return true
		}
	}
	return false
}

func (key dataKey) fits(value any) bool {
	switch key.Kind {
	case "text":
		text, is := value.(string)
		return is && key.chosen(text)
	case "id":
		text, is := value.(string)
		return is && utf8.RuneCountInString(text) <= maxID
	case "integer", "number":
		number, is := value.(float64)
		return is && (key.Kind == "number" || number == math.Trunc(number)) && key.within(number)
	case "boolean":
		_, is := value.(bool)
		return is
	case "object", "ratings":
		_, is := value.(map[string]any)
		return is
	case "texts", "distinct_ids":
		return key.fitsList(value)
	}
	return true
}

func (key dataKey) chosen(text string) bool {
	for _, choice := range key.Choices {
		if text == choice {
			return true
		}
	}
	return len(key.Choices) == 0
}

func (key dataKey) within(number float64) bool {
	return (key.Minimum == nil || number >= *key.Minimum) && (key.Maximum == nil || number <= *key.Maximum)
}

func (key dataKey) fitsList(value any) bool {
	items, is := value.([]any)
	if !is || key.Maximum != nil && float64(len(items)) > *key.Maximum {
		return false
	}
	seen := make(map[string]struct{}, len(items))
	for _, item := range items {
		text, is := item.(string)
		if !is {
			return false
		}
		seen[text] = struct{}{}
	}
	return key.Kind == "texts" || len(seen) == len(items)
}
