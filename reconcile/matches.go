package reconcile

import (
	"context"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/reconcile/match"
)

// ErrNoMatch is a match that the account does not have on the day.
var ErrNoMatch = fault.New(fault.NotFound, "match_not_found", "the account has no such match of this day")

// MaxMatchLines bounds the lines of each side that a listed match names.
const MaxMatchLines = 10

// SettledMatch is a match as it is kept.
type SettledMatch struct {
	ID       int64
	Kind     match.Kind
	Rule     match.Rule
	Settled  calendar.Day
	Score    int
	Evidence string
	// Difference is what the bank's lines hold beyond the book's.
	Difference money.Amount
	MatchedAt  time.Time
	// StatementLines and BookLines count its lines; Lines are the first MaxMatchLines of
	// each side.
	StatementLines, BookLines int
	Lines                     MatchLines
}

// MatchLines are lines of a match: the bank's by id, the book's by key. A line of the
// book has no batch here and no counterparty.
type MatchLines struct {
	Statement []match.StatementLine
	Book      []match.BookLine
}

// MatchFilter selects matches of one account.
type MatchFilter struct {
	Account

	// From and Through bound the days on which they were settled.
	From, Through calendar.Day
	// Rule narrows the list; "" is all.
	Rule match.Rule
	// StatementLine, or Entry with or without its Line, asks for the matches of lines.
	StatementLine int64
	Entry         int64
	Line          int32
	// After is the id after which the list goes on.
	After int64
	Limit int
}

// MatchPlace is where a page of a match's lines ended: with one of the bank, or with one
// of the book, which come after them.
type MatchPlace struct {
	Statement int64
	Book      match.Key
}

// MatchTx reads what was matched.
type MatchTx interface {
	// Matches lists matches by rising id.
	Matches(ctx context.Context, f MatchFilter) ([]SettledMatch, error)
	// LinesOfMatch returns at most so many lines of a match that was settled on the day,
	// the bank's first; none where there is no such match, or none after the place.
	LinesOfMatch(
		ctx context.Context, a Account, day calendar.Day, id int64, after MatchPlace, limit int,
	) (MatchLines, error)
}

// Matches lists what was matched on an account of the officer's area, and why.
func (s *Service) Matches(ctx context.Context, by approval.Officer, f MatchFilter) ([]SettledMatch, error) {
	f.Area = by.Area
	var out []SettledMatch
	err := s.readAccount(ctx, by, f.Account, func(tx Tx) (err error) {
		out, err = tx.Matches(ctx, f)
		return err
	})
	return out, err
}

// MatchLines returns at most so many lines of a match that was settled on the day, or
// ErrNoMatch where it has none at all.
func (s *Service) MatchLines(
	ctx context.Context, by approval.Officer, account int64, day calendar.Day, id int64, after MatchPlace, limit int,
) (MatchLines, error) {
	a := Account{Area: by.Area, ID: account}
	var out MatchLines
	var first MatchPlace
	err := s.readAccount(ctx, by, a, func(tx Tx) (err error) {
		out, err = tx.LinesOfMatch(ctx, a, day, id, after, limit)
		if err == nil && after == first && len(out.Statement)+len(out.Book) == 0 {
			return ErrNoMatch
		}
		return err
	})
	return out, err
}

// readAccount reads about an account of the officer's area, or returns ErrAccountUnknown.
func (s *Service) readAccount(ctx context.Context, by approval.Officer, a Account, fn func(Tx) error) error {
	if err := mayRead(by, a.Area); err != nil {
		return err
	}
	return s.store.Read(ctx, func(tx Tx) error {
		if _, err := tx.StatementAccount(ctx, a); err != nil {
			return err
		}
		return fn(tx)
	})
}
