package simbank

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// Purpose is what a message is.
type Purpose string

// The purposes.
const (
	ForAcknowledgement Purpose = "acknowledgement"
	ForResults         Purpose = "results"
	ForResultFile      Purpose = "result_file"
	ForArrival         Purpose = "arrival"
	ForStatement       Purpose = "statement"
	ForContribution    Purpose = "contribution"
	ForOpening         Purpose = "account_opening"
	ForReturns         Purpose = "returns"
)

// message is a finished request that waits for its day. Its key and bytes never
// change, so that it may be sent any number of times.
type message struct {
	Purpose     Purpose
	Key         string
	Method      string
	Path        string
	Query       string `json:",omitempty"`
	ContentType string
	Upload      bool `json:",omitempty"`
	Due         calendar.Day
	Body        []byte
	// Till and Cash are what a contribution adds to a till once it is taken.
	Till *till        `json:",omitempty"`
	Cash money.Amount `json:",omitempty"`
}

// again is the same message under a key of its own.
func (m *message) again() *message {
	twin := *m
	twin.Key += "-again"
	return &twin
}

func postJSON(purpose Purpose, key, path string, due calendar.Day, body any) (*message, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("write %s %s: %w", purpose, key, err)
	}
	return &message{
		Purpose: purpose, Key: key, Method: http.MethodPost, Path: path, ContentType: typeJSON, Due: due, Body: text,
	}, nil
}

// send sends what is due, in order. What the gateway refuses leaves the queue
// with the reason in the report.
func (b *Bank) send(ctx context.Context, r *Report) error {
	for {
		b.mu.Lock()
		m := b.nextDue()
		b.mu.Unlock()
		if m == nil {
			return b.checkpoint()
		}
		if err := b.deliver(ctx, m, r); err != nil {
			return errors.Join(err, b.checkpoint())
		}
	}
}

func (b *Bank) nextDue() *message {
	for _, m := range b.queue {
		if !m.Due.After(b.day) {
			return m
		}
	}
	return nil
}

// deliver sends one message and takes it from the queue once it is decided.
func (b *Bank) deliver(ctx context.Context, m *message, r *Report) error {
	base := b.config.Gateway
	if m.Upload {
		base = b.config.Upload
	}
	url := base + m.Path
	if m.Query != "" {
		url += "?" + m.Query
	}
	answer, err := b.client.do(ctx, request{
		method: m.Method, url: url, contentType: m.ContentType, key: m.Key, body: m.Body,
	})
	var refusal *RefusalError
	if err != nil && !errors.As(err, &refusal) {
		return fmt.Errorf("send %s %s: %w", m.Purpose, m.Key, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.remove(m)
	if refusal != nil {
		r.Refused = append(r.Refused, Refused{
			Purpose: m.Purpose, Key: m.Key, Line: refusal.Line, Status: refusal.Status,
			Code: refusal.Code, Detail: refusal.Detail,
		})
		return nil
	}
	r.Sent++
	if m.Till != nil {
		b.tills[*m.Till] += m.Cash
	}
	b.read(m, answer, r)
	return nil
}

func (b *Bank) remove(m *message) {
	switch i := slices.Index(b.queue, m); i {
	case -1:
	case 0:
		b.queue[0] = nil
		b.queue = b.queue[1:]
	default:
		b.queue = slices.Delete(b.queue, i, i+1)
	}
	if len(b.queue) == 0 {
		// The array below holds a batch's worth of messages.
		b.queue = nil
	}
}

// read looks at what the gateway said of the lines of an answer. The message is
// taken by then, whatever stands there.
func (b *Bank) read(m *message, answer []byte, r *Report) {
	receipt, refused := "", []wireRefusal(nil)
	var err error
	switch m.Purpose {
	case ForResults, ForReturns:
		var t wireTaken
		err = json.Unmarshal(answer, &t)
		receipt, refused = t.ReceiptID, t.Refused
	case ForResultFile, ForStatement, ForOpening:
		var t wireReceipt
		err = json.Unmarshal(answer, &t)
		receipt = t.ID
	case ForAcknowledgement, ForArrival, ForContribution:
	}
	if err != nil {
		r.Refused = append(r.Refused, Refused{
			Purpose: m.Purpose, Key: m.Key, Status: http.StatusOK, Code: "answer_unreadable",
			Detail: "the gateway took the message, but its answer is not the expected JSON",
		})
	}
	if receipt != "" {
		r.Receipts = append(r.Receipts, receipt)
	}
	for _, line := range refused {
		r.Refused = append(r.Refused, Refused{
			Purpose: m.Purpose, Key: m.Key, Line: line.Line, ItemID: line.ItemID, Status: http.StatusOK,
			Code: line.Code, Detail: line.Text,
		})
	}
}
