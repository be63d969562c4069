package simbank

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
)

// maxOpenings is how many rows the bank takes in one file.
const maxOpenings = 500

// fetchOpenings opens the accounts of every list that is new. A gateway that has
// no such list has none open.
func (b *Bank) fetchOpenings(ctx context.Context, r *Report) error {
	err := pages(ctx, b.client, b.config.Gateway+pathOpenings, func(w wireOpening) error {
		b.mu.Lock()
		_, known := b.openings[w.ID]
		b.mu.Unlock()
		if known || w.ID == "" {
			return nil
		}
		err := b.takeOpening(ctx, w)
		if bad, ok := errors.AsType[*contradiction](err); ok {
			b.config.Log.LogAttrs(ctx, slog.LevelWarn, "account opening declined", slog.String("opening_id", w.ID),
				slog.String("reason", bad.reason))
			r.Declined = append(r.Declined, Declined{ID: w.ID, Reason: bad.reason})
			b.mu.Lock()
			b.openings[w.ID] = 0
			b.mu.Unlock()
			return b.checkpoint()
		}
		if err != nil {
			return fmt.Errorf("account opening %s: %w", w.ID, err)
		}
		r.Openings++
		return b.checkpoint()
	})
	var refusal *RefusalError
	if errors.As(err, &refusal) && refusal.Status == http.StatusNotFound {
		return nil
	}
	return err
}

// takeOpening reads a list whole before it opens the first account.
func (b *Bank) takeOpening(ctx context.Context, w wireOpening) error {
	var list [][]string
	address := b.config.Gateway + openingFilePath(w.ID)
	err := b.client.fetch(ctx, address, w.FileDigest, func(r *bufio.Reader) error {
		list = list[:0]
		return eachRow(b.codec, r, 5, func(fields []string) error {
			if len(list) == maxOpenings {
				return contradicts("the bank takes %d rows in one file", maxOpenings)
			}
			list = append(list, fields)
			return nil
		})
	})
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	out := &rows{codec: b.codec}
	opened := 0
	for _, f := range list {
		if b.seed.happens(b.behaviour.RejectOpenings, "opening", w.ID, f[0]) {
			continue
		}
		card := b.newCard()
		a := Account{Number: card, Name: f[1], IDNumber: f[2], Mandates: []string{"*"}}
		if err := b.ledger.Open(a); err != nil {
			return fmt.Errorf("open an account: %w", err)
		}
		// The last field is the kind of medium: 1 is a card.
		if err := out.add(f[0], f[1], f[2], f[3], f[4], card, "1"); err != nil {
			return err
		}
		opened++
	}
	b.openings[w.ID] = opened
	b.queue = append(b.queue, &message{
		Purpose: ForOpening, Key: "opening-" + w.ID, Method: http.MethodPut, Path: openingResultPath(w.ID),
		Query: nameQuery("OPENED_" + w.ID + "_S.TXT"), ContentType: typeText, Upload: true, Due: b.day, Body: out.text,
	})
	return nil
}

// newCard returns the next free card number: prefix, a part that the seed gives,
// a count, and the check digit. mu is held.
func (b *Bank) newCard() string {
	for {
		b.cards++
		body := fmt.Sprintf("%s%03d", b.config.CardPrefix, b.seed.below(1000, "card"))
		body += fmt.Sprintf("%0*d", 18-len(body), b.cards)
		card := body + string(luhn(body))
		if !b.ledger.keeps(card) {
			return card
		}
	}
}

// luhn is the check digit of a card's leading digits.
func luhn(digits string) byte {
	sum := 0
	for i := range len(digits) {
		d := int(digits[i] - '0')
		if (len(digits)-i)%2 == 1 {
			d *= 2
		}
		sum += d/10 + d%10
	}
	return byte('0' + (10-sum%10)%10)
}

// Opened says how many accounts the bank opened for a list; false where it never
// took it.
func (b *Bank) Opened(id string) (int, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, ok := b.openings[id]
	return n, ok
}
