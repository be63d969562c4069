package lifeevent

import (
	"context"
	"fmt"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/fault"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

// The refusals of sentences.
var (
	ErrSentence = fault.New(fault.Invalid, "sentence_invalid", "the sentence is not complete")
	// ErrSentenceGone is of a sentence that is replaced and is no standing one of the member.
	ErrSentenceGone = fault.New(fault.NotFound, "sentence_not_found",
		"no such sentence of this member stands, or another one took its place")
)

// Sentence is a time in prison, as a court's paper says it. Nothing is owed for the months
// after that in which it began, through the one in which it ended; what was paid for them is
// recovered, whole.
type Sentence struct {
	Area       party.Area
	ID, Member int64
	BeganOn    calendar.Day
	// EndedOn is the day of the release, or no day while it lasts.
	EndedOn  calendar.Day
	Document string
	// Replaces is the member's sentence that was told wrongly, or until now without its end; or
	// 0. One that ends in the month in which it began has no months, and so takes another back.
	Replaces int64
	MadeBy   string
	MadeAt   time.Time
	MadeOn   calendar.Day
	// Decision is the last request about it, State where that stands.
	Decision int64
	State    string
	SocialNo string
	Name     party.Name
}

// From is the first month that nothing is owed for.
func (s *Sentence) From() calendar.Month { return s.BeganOn.Month().Add(1) }

// Through is the last month that nothing is owed for, or no month while the sentence lasts.
func (s *Sentence) Through() calendar.Month {
	if s.EndedOn.IsZero() {
		return calendar.Month{}
	}
	return s.EndedOn.Month()
}

// SentenceFilter narrows a list of sentences.
type SentenceFilter struct {
	Area   party.Area
	ID     int64
	Member int64
	After  int64
	Limit  int
}

// SentenceTx reads and stores sentences.
type SentenceTx interface {
	// AddSentence keeps a sentence and returns its id; ErrMember, or ErrSentenceGone where the
	// one that it replaces is not the member's, does not stand, or was replaced.
	AddSentence(ctx context.Context, s Sentence) (int64, error)
	// Sentences lists sentences by rising id.
	Sentences(ctx context.Context, f SentenceFilter) ([]Sentence, error)
	// EnterSentence keeps that a sentence was approved, or returns ErrSentenceGone where another
	// one took the place of the same one.
	EnterSentence(ctx context.Context, s Sentence, today calendar.Day, decision int64) error
}

// AskSentence asks that months of a sentence are not owed. The answer's result is a Sentence.
func (s *Service) AskSentence(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, x Sentence,
) (once.Answer, error) {
	bad := func(field, text string) (once.Answer, error) {
		return once.Answer{}, ErrSentence.With("%s", text).On(field) //nolint:exhaustruct // none
	}
	switch {
	case !approval.IsLine(x.Document, maxText) || x.Document == "":
		return bad("document", "the document is one line of 1 to 200 characters")
	case x.BeganOn.IsZero() || x.BeganOn.After(s.today()):
		return bad("began_on", "a sentence began today or before")
	case !x.EndedOn.IsZero() && x.EndedOn.Before(x.BeganOn):
		return bad("ended_on", "a sentence ends on the day on which it began, or later")
	}
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		maker, err := atDesk(ctx, tx, by, approval.AgencyBusiness)
		if err != nil {
			return nil, err
		}
		x.Area, x.MadeBy, x.MadeOn = maker.Area, maker.Login, s.today()
		if x.ID, err = tx.AddSentence(ctx, x); err != nil {
			return nil, err
		}
		_, err = tx.AskDecision(ctx, by, s.today(), casework.Ask{ //nolint:exhaustruct // a sentence
			Kind: casework.Recovery, Subject: x.ID, Word: casework.Entered, Document: x.Document,
		})
		if err != nil {
			return nil, err
		}
		x, _, err = sentenceOf(ctx, tx, x.Area, x.ID)
		return x, err
	})
}

// sentenceOf returns a sentence, and false where the id is of none.
func sentenceOf(ctx context.Context, tx Tx, area party.Area, id int64) (x Sentence, ok bool, err error) {
	list, err := tx.Sentences(ctx, SentenceFilter{Area: area, ID: id, Member: 0, After: 0, Limit: 1})
	if err != nil || len(list) == 0 {
		return x, false, err
	}
	return list[0], true, nil
}

func (s *Sentence) about() string {
	until, replaces := "without an end yet", ""
	if !s.EndedOn.IsZero() {
		until = "to " + s.EndedOn.String()
	}
	if s.Replaces != 0 {
		replaces = fmt.Sprintf("; it takes the place of sentence %d", s.Replaces)
	}
	return fmt.Sprintf("sentence %d of member %d from %s %s, by %s: what was paid for months from %s on is recovered%s",
		s.ID, s.Member, s.BeganOn, until, s.Document, s.From(), replaces)
}

// Sentences lists sentences of the officer's area by rising id.
func (s *Service) Sentences(ctx context.Context, by approval.Officer, f SentenceFilter) (list []Sentence, err error) {
	if err := mayLook(by, false); err != nil {
		return nil, err
	}
	f.Area, f.Limit = by.Area, pageOf(f.Limit)
	err = s.store.Read(ctx, func(tx Tx) (err error) {
		list, err = tx.Sentences(ctx, f)
		return err
	})
	return list, err
}
