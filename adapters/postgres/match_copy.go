package postgres

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"time"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/reconcile"
	"twoline/reconcile/match"
)

// matchBlock is how many bytes of rows are handed to COPY at once.
const matchBlock = 64 << 10

// matchCounts counts matches by day and rule.
type matchCounts struct {
	list map[matchCountKey]*reconcile.Count
	last *reconcile.Count
}

type matchCountKey struct {
	settled calendar.Day
	rule    match.Rule
}

func (c *matchCounts) add(m *match.Match) {
	if c.last == nil || c.last.Settled != m.Settled || c.last.Rule != m.Rule {
		k := matchCountKey{settled: m.Settled, rule: m.Rule}
		if c.list[k] == nil {
			c.list[k] = &reconcile.Count{
				Settled: m.Settled, Rule: m.Rule, Matches: 0, StatementLines: 0, BookLines: 0,
			}
		}
		c.last = c.list[k]
	}
	c.last.Matches++
	c.last.StatementLines += len(m.Statement)
	c.last.BookLines += len(m.Book)
}

// plain says that the rule of a pair says everything about it.
func plain(m *match.Match) bool {
	return len(m.Statement) == 1 && len(m.Book) == 1 && m.Difference == 0 &&
		(m.Rule == match.Reference || m.Rule == match.BankReference)
}

// AddMatches implements reconcile.Tx. Pairs by reference, which are nearly all, are
// one short row each, under the id of their statement line.
func (t *tx) AddMatches(
	ctx context.Context, a reconcile.Account, matches iter.Seq[match.Match],
) ([]reconcile.Count, error) {
	counts := matchCounts{list: map[matchCountKey]*reconcile.Count{}, last: nil}
	var groups []match.Match
	var sqlErr error
	w := newMatchWriter(a, t.at)
	blocks := func(yield func([]byte) bool) {
		for m := range matches {
			counts.add(&m)
			if !plain(&m) {
				m.Statement, m.Book = slices.Clone(m.Statement), slices.Clone(m.Book)
				groups = append(groups, m)
				continue
			}
			w.pair(&m)
			if len(w.block) >= matchBlock && !yield(w.take()) {
				return
			}
		}
		if len(w.block) > 0 {
			yield(w.take())
		}
	}
	const columns = `area, match_id, fund_account, kind, rule, settled_on, statement_line_id, entry_id, book_line, matched_at`
	if err := t.copyBlocks(ctx, `reconciliation_match (`+columns+`)`, blocks); err != nil {
		return nil, fmt.Errorf("store matches of fund account %d: %w", a.ID, err)
	}
	ids, err := t.NewIDs(ctx, len(groups))
	if err != nil {
		return nil, err
	}
	blocks = func(yield func([]byte) bool) {
		for i := range groups {
			if sqlErr = w.group(ids[i], &groups[i]); sqlErr != nil {
				return
			}
			if len(w.block) >= matchBlock && !yield(w.take()) {
				return
			}
		}
		if len(w.block) > 0 {
			yield(w.take())
		}
	}
	err = t.copyBlocks(ctx, `reconciliation_match (`+columns+`, score, evidence, difference)`, blocks)
	if err == nil {
		err = sqlErr
	}
	if err != nil {
		return nil, fmt.Errorf("store matches of fund account %d: %w", a.ID, err)
	}
	out := make([]reconcile.Count, 0, len(counts.list))
	for c := range maps.Values(counts.list) {
		out = append(out, *c)
	}
	return out, nil
}

// matchWriter writes rows in COPY's binary form: a count of fields, then of each its
// length and its bytes, the highest first.
type matchWriter struct {
	block []byte
	spare []byte
	// area, account and at are fields that every row has.
	area, account, at []byte
	day               calendar.Day
	days              uint32
}

func newMatchWriter(a reconcile.Account, at time.Time) *matchWriter {
	w := &matchWriter{} //nolint:exhaustruct // filled below
	w.area = appendInt4(nil, int32(a.Area))
	w.account = appendInt8(nil, a.ID)
	w.at = appendInt8(nil, at.UnixMicro()-postgresEpoch().UnixMicro())
	return w
}

// postgresEpoch is from when PostgreSQL counts days and microseconds.
func postgresEpoch() time.Time { return time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC) }

func appendInt2(b []byte, v int16) []byte {
	return binary.BigEndian.AppendUint16(append(b, 0, 0, 0, 2), uint16(v)) //nolint:gosec // the bits as they are
}

func appendInt4(b []byte, v int32) []byte {
	return binary.BigEndian.AppendUint32(append(b, 0, 0, 0, 4), uint32(v)) //nolint:gosec // the bits as they are
}

func appendInt8(b []byte, v int64) []byte {
	return binary.BigEndian.AppendUint64(append(b, 0, 0, 0, 8), uint64(v)) //nolint:gosec // the bits as they are
}

func appendText[T ~string](b []byte, s T) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...) //nolint:gosec // short
}

func appendNull(b []byte) []byte { return append(b, 0xff, 0xff, 0xff, 0xff) }

// take returns the rows so far, valid until the next are taken.
func (w *matchWriter) take() []byte {
	full := w.block
	w.block, w.spare = w.spare[:0], full
	return full
}

// head writes the fields before a row's lines.
func (w *matchWriter) head(fields byte, id int64, m *match.Match) []byte {
	if m.Settled != w.day {
		w.day = m.Settled
		w.days = uint32(calendar.DayOf(postgresEpoch()).DaysUntil(m.Settled)) //nolint:gosec // the bits as they are
	}
	b := append(append(w.block, 0, fields), w.area...)
	b = append(appendInt8(b, id), w.account...)
	b = appendText(appendText(b, m.Kind()), m.Rule)
	return binary.BigEndian.AppendUint32(append(b, 0, 0, 0, 4), w.days)
}

func (w *matchWriter) pair(m *match.Match) {
	b := w.head(10, m.Statement[0], m)
	b = appendInt8(appendInt8(b, m.Statement[0]), m.Book[0].Entry)
	w.block = append(appendInt4(b, m.Book[0].Line), w.at...)
}

// group writes a match of any number of lines; what is said of the whole stands in
// its first row.
func (w *matchWriter) group(id int64, m *match.Match) error {
	for n := range max(len(m.Statement), len(m.Book)) {
		b := w.head(13, id, m)
		if n < len(m.Statement) {
			b = appendInt8(b, m.Statement[n])
		} else {
			b = appendNull(b)
		}
		if n < len(m.Book) {
			b = appendInt4(appendInt8(b, m.Book[n].Entry), m.Book[n].Line)
		} else {
			b = appendNull(appendNull(b))
		}
		b = append(b, w.at...)
		if n > 0 {
			w.block = appendNull(appendNull(appendNull(b)))
			continue
		}
		if m.Score < 0 || m.Score > 100 {
			return fmt.Errorf("a match scores %d", m.Score)
		}
		w.block = appendDifference(appendEvidence(appendInt2(b, int16(m.Score)), m.Evidence), m.Difference)
	}
	return nil
}

func appendEvidence(b []byte, s string) []byte {
	if s == "" {
		return appendNull(b)
	}
	return appendText(b, s)
}

func appendDifference(b []byte, d money.Amount) []byte {
	if d == 0 {
		return appendNull(b)
	}
	return appendInt8(b, d.Fen())
}

// copyBlocks streams rows in COPY's binary form; where there are none it asks
// nothing of the database. The rows do not count as written: matches are looked up by
// their two unique keys, which no plan gets wrong, so that their statistics can wait
// for autovacuum.
func (t *tx) copyBlocks(ctx context.Context, into string, blocks iter.Seq[[]byte]) error {
	next, stop := iter.Pull(blocks)
	defer stop()
	first, ok := next()
	if !ok {
		return nil
	}
	const signature = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"
	r := &blockReader{next: next, rest: []byte(signature), queued: first, ended: false}
	_, err := t.Conn().PgConn().CopyFrom(ctx, r, `copy `+into+` from stdin (format binary)`)
	return err
}

// blockReader reads blocks one after the other, and the mark of the end.
type blockReader struct {
	next   func() ([]byte, bool)
	rest   []byte
	queued []byte
	ended  bool
}

// Read implements io.Reader.
func (r *blockReader) Read(b []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.ended {
			return 0, io.EOF
		}
		if r.queued == nil {
			var ok bool
			if r.queued, ok = r.next(); !ok {
				r.queued, r.ended = []byte{0xff, 0xff}, true
			}
		}
		r.rest, r.queued = r.queued, nil
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
