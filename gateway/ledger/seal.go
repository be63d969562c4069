package ledger

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"strconv"
	"time"

	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// The refusals of the sealed book.
var (
	// ErrSealed is a booking that came when its day was being sealed. It belongs to
	// the next business day: take the day anew and book again.
	ErrSealed = fault.New(fault.Conflict, "book_sealed",
		"the book of this day is sealed; book on the next business day")
	// ErrDayOpen is an attempt to seal a day that is not over.
	ErrDayOpen = fault.New(fault.Conflict, "day_open", "only a business day that is over can be sealed")
	// ErrNoBook is an area without a book of the scheme.
	ErrNoBook = fault.New(fault.NotFound, "not_found", "the area keeps no book of this scheme")
)

// SealedBalance is the balance of one fund account, or of one role that is no
// bank account, struck at the end of a day. Amounts are signed: a red line counts
// negative on its own side, and a credit balance is negative.
type SealedBalance struct {
	Day  calendar.Day
	Role Role
	// FundAccount is 0 where the role is no bank account.
	FundAccount int64
	Opening     money.Amount
	Debit       money.Amount
	Credit      money.Amount
	// Closing is Opening + Debit - Credit.
	Closing money.Amount
	// Lines counts the postings of the day.
	Lines int64
}

// SealedDay is one day of a book after which nothing can be booked on it.
type SealedDay struct {
	Day calendar.Day
	// Entries counts the day's entries.
	Entries int64
	Digest  [sha256.Size]byte
}

// BookedEntry is an entry as it stands in the book: with its id, and with who
// booked it and when. Its lines are numbered from 1 in their order.
type BookedEntry struct {
	Entry

	ID       int64
	Actor    string
	BookedAt time.Time
}

// DayDigest computes the digest of one sealed day: SHA-256 over the digests of
// its entries in order of their ids, each over the entry's canonical text and its
// lines'. The database computes the same by itself when it seals, so that each
// proves the other. The memory it takes does not grow with the day.
type DayDigest struct {
	day     hash.Hash
	entries int64
}

// NewDayDigest begins the digest of a day of the book of area and scheme.
func NewDayDigest(area party.Area, scheme Scheme, day calendar.Day) *DayDigest {
	d := &DayDigest{day: sha256.New(), entries: 0}
	d.day.Write(fmt.Appendf(nil, "twoline day 1 %d %s %s\n", int32(area), scheme, day))
	return d
}

// Add takes the next entry; ids must rise.
func (d *DayDigest) Add(e BookedEntry) {
	text := fmt.Appendf(nil, "%d %s %s %s %s %s %d %s %s %d\n", e.ID, e.Kind, canonical(e.Cause),
		canonicalID(e.Reverses), e.AccountedOn, e.EffectiveOn, len(e.Postings), canonical(e.Text), canonical(e.Actor),
		e.BookedAt.UnixMicro())
	for i, p := range e.Postings {
		ink := "black"
		if p.Red {
			ink = "red"
		}
		text = fmt.Appendf(text, "%d %s %s %s %s %d %s %s %s %s %s\n", i+1, p.Side, p.Role, p.Nature, ink,
			p.Amount.Fen(), canonicalID(p.FundAccount), canonicalID(p.Batch), canonicalID(p.Cause),
			canonicalID(p.Member), canonicalID(int64(p.Year)))
	}
	digest := sha256.Sum256(text)
	d.day.Write(digest[:])
	d.entries++
}

// Sum returns the digest and how many entries it covers.
func (d *DayDigest) Sum() ([sha256.Size]byte, int64) {
	return [sha256.Size]byte(d.day.Sum(nil)), d.entries
}

// canonical writes a text with its length before it, so that no content can
// pass for a border between two fields.
func canonical(s string) string { return strconv.Itoa(len(s)) + ":" + s }

func canonicalID(id int64) string {
	if id == 0 {
		return "-"
	}
	return canonical(strconv.FormatInt(id, 10))
}
