package cycle

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"strings"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// Yuan is an amount that may lie below zero; it is written as a string of yuan.
type Yuan money.Amount

// MarshalText writes yuan with two decimals.
func (y Yuan) MarshalText() ([]byte, error) { return money.Amount(y).AppendYuan(nil), nil }

// UnmarshalText reads what MarshalText writes, and nothing else.
func (y *Yuan) UnmarshalText(b []byte) error {
	digits, negative := strings.CutPrefix(string(b), "-")
	a, err := money.Parse(digits)
	if err != nil {
		return fmt.Errorf("amount: %w", err)
	}
	if negative {
		a = -a
	}
	*y = Yuan(a)
	if back, _ := y.MarshalText(); !bytes.Equal(back, b) {
		return fmt.Errorf("amount %q is not written as %s", b, back)
	}
	return nil
}

// String is the amount in yuan.
func (y Yuan) String() string { return money.Amount(y).String() }

// Tally is a number of payments and what they come to.
type Tally struct {
	Count  int  `json:"count"`
	Amount Yuan `json:"amount"`
}

func (t Tally) add(u Tally) Tally  { return Tally{t.Count + u.Count, t.Amount + u.Amount} }
func (t Tally) less(u Tally) Tally { return Tally{t.Count - u.Count, t.Amount - u.Amount} }

// String is "3 of 30.00".
func (t Tally) String() string { return fmt.Sprintf("%d of %s", t.Count, t.Amount) }

// Document is everything that a proof of a run says.
type Document struct {
	Type     string `json:"type"`
	Version  int    `json:"version"`
	IssuedAt string `json:"issued_at"`

	Run       Run       `json:"run"`
	Figures   Figures   `json:"figures"`
	Statement Statement `json:"statement"`
	// Holds says that every equation holds; Breaks names those that do not.
	Holds   bool     `json:"holds"`
	Breaks  []string `json:"breaks"`
	Lists   []List   `json:"lists"`
	RestsOn RestsOn  `json:"rests_on"`
}

// What a document of this package says of itself.
const (
	DocumentType    = "twoline.cycle-proof"
	DocumentVersion = 1
)

// Run is the pay run.
type Run struct {
	ID         string         `json:"id"`
	Area       string         `json:"area"`
	Scheme     string         `json:"scheme"`
	Month      calendar.Month `json:"month"`
	Kind       string         `json:"kind"`
	State      string         `json:"state"`
	PayDay     calendar.Day   `json:"pay_day"`
	ReleasedOn calendar.Day   `json:"released_on"`
	// Digest is what was approved and released, in hex.
	Digest string `json:"digest"`
}

// Figures are the run's people by where they stand, and its money in the book.
type Figures struct {
	Entitled     Tally `json:"entitled"`
	Held         Tally `json:"held"`
	Approved     Tally `json:"approved"`
	Sent         Tally `json:"sent"`
	Withdrawn    Tally `json:"withdrawn"`
	Succeeded    Tally `json:"succeeded"`
	Rejected     Tally `json:"rejected"`
	Unknown      Tally `json:"unknown"`
	Returned     Tally `json:"returned"`
	Reissued     Tally `json:"reissued"`
	Paid         Tally `json:"paid"`
	Open         Tally `json:"open"`
	NotInPlace   Tally `json:"not_in_place"`
	NotActivated Tally `json:"not_activated"`
	// Settled is what the book holds as spent for the run's own successes.
	Settled     Yuan `json:"settled"`
	BankDebits  Yuan `json:"bank_debits"`
	CreditsBack Yuan `json:"credits_back"`
	InTransit   Yuan `json:"in_transit"`
}

// Cleared is what stands on a statement or in the book: for how many payments, in
// how many lines of the statement.
type Cleared struct {
	Items  int  `json:"items"`
	Lines  int  `json:"lines"`
	Amount Yuan `json:"amount"`
}

// Statement is the same money as the reconciled statement has it.
type Statement struct {
	Standing         string       `json:"standing"`
	Through          calendar.Day `json:"through"`
	MatchedThrough   calendar.Day `json:"matched_through,omitzero"`
	Debits           Cleared      `json:"debits"`
	CreditsBack      Cleared      `json:"credits_back"`
	UnclearedDebits  Cleared      `json:"uncleared_debits"`
	UnclearedCredits Cleared      `json:"uncleared_credits"`
	UnbookedDebits   Cleared      `json:"unbooked_debits"`
	UnbookedCredits  Cleared      `json:"unbooked_credits"`
}

// The standings of a statement.
const (
	Proved    = "proved"
	StillOpen = "open"
	Differs   = "differs"
)

// net is what the bank's own lines come to.
func (s Statement) net() Yuan {
	return s.Debits.Amount + s.UnbookedDebits.Amount - s.CreditsBack.Amount - s.UnbookedCredits.Amount
}

// differing says that something stands on one side only.
func (s Statement) differing() bool {
	for _, c := range []Cleared{s.UnclearedDebits, s.UnclearedCredits, s.UnbookedDebits, s.UnbookedCredits} {
		if c != (Cleared{Items: 0, Lines: 0, Amount: 0}) {
			return true
		}
	}
	return false
}

// MaxNames bounds the names that a list of a document holds; its count, amount and
// digest are over all of them.
const MaxNames = 10_000

// List is one difference by name.
type List struct {
	Step   string `json:"step"`
	Count  int    `json:"count"`
	Amount Yuan   `json:"amount"`
	// Digest is SHA-256, in hex, over the canonical JSON of every name, each with a
	// line end.
	Digest string `json:"digest"`
	Names  []Name `json:"names"`
	// Omitted counts those that the digest covers and the file does not name.
	Omitted int `json:"omitted"`
}

// Name is one line of a list. The person's name is masked; fields that a step does
// not have are absent.
type Name struct {
	Line   int    `json:"line,omitempty"`
	Item   string `json:"item_id,omitempty"`
	Batch  string `json:"batch,omitempty"`
	Name   string `json:"name,omitempty"`
	Month  string `json:"month,omitempty"`
	Amount Yuan   `json:"amount"`
	Reason string `json:"reason,omitempty"`
	Day    string `json:"day,omitempty"`
	// Direction is the bank's, for lines of book and statement; Items is how many
	// payments such a line stands for.
	Direction     string `json:"direction,omitempty"`
	Items         int    `json:"items,omitempty"`
	BankReference string `json:"bank_reference,omitempty"`
	PaidBy        string `json:"paid_by_run,omitempty"`
	// Entry and BookLine are the place of a line in the book, StatementLine is the
	// bank's line: by them no line stands twice in a list.
	Entry         string `json:"entry_id,omitempty"`
	BookLine      int    `json:"book_line,omitempty"`
	StatementLine string `json:"statement_line_id,omitempty"`
}

// Roll collects a list name by name in bounded memory.
type Roll struct {
	list List
	sum  hash.Hash
}

// NewRoll begins the list of a step.
func NewRoll(step string) *Roll {
	empty := List{Step: step, Count: 0, Amount: 0, Digest: "", Names: []Name{}, Omitted: 0}
	return &Roll{list: empty, sum: sha256.New()}
}

// Add takes the next name.
func (r *Roll) Add(n Name) error {
	b, err := canonical(n)
	if err != nil {
		return err
	}
	r.sum.Write(append(b, '\n'))
	r.list.Count++
	r.list.Amount += n.Amount
	if len(r.list.Names) < MaxNames {
		r.list.Names = append(r.list.Names, n)
	} else {
		r.list.Omitted++
	}
	return nil
}

// List returns the finished list.
func (r *Roll) List() List {
	out := r.list
	out.Digest = hex.EncodeToString(r.sum.Sum(nil))
	return out
}

// RestsOn is what a proof can be held against.
type RestsOn struct {
	Batches    []Batch         `json:"batches"`
	Statements []StatementFile `json:"statements"`
	Days       []Day           `json:"days"`
}

// Batch is a list as it went to a bank, to be paid from an account.
type Batch struct {
	ID         string `json:"id"`
	Account    string `json:"account_id"`
	Number     string `json:"batch_no"`
	Bank       string `json:"bank"`
	Withdrawn  bool   `json:"withdrawn"`
	Items      Tally  `json:"items"`
	Digest     string `json:"digest"`
	FileName   string `json:"file_name"`
	FileDigest string `json:"file_digest"`
}

// StatementFile is a statement of an account that the run was paid from.
type StatementFile struct {
	Account    string       `json:"account_id"`
	Number     string       `json:"number"`
	From       calendar.Day `json:"from"`
	To         calendar.Day `json:"to"`
	Opening    Yuan         `json:"opening"`
	Closing    Yuan         `json:"closing"`
	Receipt    string       `json:"receipt_id"`
	FileName   string       `json:"file_name"`
	FileDigest string       `json:"file_digest"`
}

// Day is a day of the book on which the run moved it; Digest is empty until it is
// sealed.
type Day struct {
	Scheme string       `json:"scheme"`
	Day    calendar.Day `json:"day"`
	Digest string       `json:"digest"`
}

// canonical writes a value as JSON with the keys of objects in the order of their
// bytes, without blanks.
func canonical(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write %T: %w", v, err)
	}
	return canonicalOf(raw)
}

func canonicalOf(raw []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	if d.More() {
		return nil, fmt.Errorf("read JSON: something follows the value")
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(tree); err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
