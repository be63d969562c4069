package simbank

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// stage is how far the bank is with a batch.
type stage string

const (
	taken        stage = "taken"
	acknowledged stage = "acknowledged"
	debited      stage = "debited"
	// paid is what debited is to a withholding.
	paid     stage = "paid"
	answered stage = "answered"
	// declined is a batch that contradicts itself or that the gateway took back.
	declined stage = "declined"
)

// batch is a batch of either direction as the bank holds it. Once it is answered
// only the head stays.
type batch struct {
	ID       string
	No       string
	Bank     string `json:",omitempty"`
	Area     string `json:",omitempty"`
	Account  string
	FileName string
	// Digest is what is acknowledged: that of the file where a file was read.
	Digest string
	Count  int
	Amount money.Amount
	Stage  stage
	// Debits and Debited are its successes, in either direction.
	Debited money.Amount
	Debits  int
	// ValueDate is the day that the money moved on, zero before.
	ValueDate calendar.Day `json:",omitzero"`
	// Refused says that the bank did nothing of it and refuses it whole.
	Refused bool `json:",omitempty"`
	// Payout is what only a disbursement has; nil is a withholding.
	Payout *payout `json:",omitempty"`
	Items  []item  `json:",omitempty"`
}

// key names the batch in the bank's memory: the two directions are apart.
func (x *batch) key() string {
	if x.Payout != nil {
		return payoutKey(x.ID)
	}
	return x.ID
}

func payoutKey(id string) string { return "payout-" + id }

// prefix begins the Idempotency-Keys of the batch.
func (x *batch) prefix() string {
	if x.Payout != nil {
		return "pb-" + x.ID
	}
	return "wb-" + x.ID
}

// item is one debit or payment, and what became of it.
type item struct {
	// ID is empty where a file has no ids, such as those of rural cooperatives.
	ID       string       `json:"i,omitempty"`
	Seq      int          `json:"q"`
	Amount   money.Amount `json:"m"`
	Account  string       `json:"a"`
	Name     string       `json:"n,omitempty"`
	IDNumber string       `json:"d,omitempty"`
	SocialNo string       `json:"s,omitempty"`
	Mandate  string       `json:"p,omitempty"`
	Region   string       `json:"r,omitempty"`
	// Why is empty for a success, and before the money moved.
	Why Reason `json:"w,omitempty"`
}

// key names the item in the bank's own choices.
func (i *item) key() string {
	if i.ID != "" {
		return i.ID
	}
	return i.SocialNo
}

// rowOf names an item within its batch. Where a file of payments has no ids, a
// person may stand in it for several months: the amount tells them apart.
func (x *batch) rowOf(i *item) string {
	if i.ID == "" && x.Payout != nil {
		return rowKey(i.SocialNo, i.Amount)
	}
	return i.key()
}

func rowKey(socialNo string, amount money.Amount) string { return socialNo + " " + amount.String() }

// referenceOf is the bank's number of what it did for an item: D a debit, P a
// payment.
func (b *Bank) referenceOf(x *batch, i *item) string {
	if x.Payout != nil {
		return b.itemReference("P", x.ID, i.Seq)
	}
	return b.itemReference("D", x.ID, i.Seq)
}

// itemReference numbers what happened to an item of a batch. MT940 holds sixteen
// characters, so there the numbers stand in base 36, without zeros before them.
func (b *Bank) itemReference(kind, batchID string, seq int) string {
	if short, ok := b.shortID(batchID); ok {
		return kind + short + "-" + strings.ToUpper(strconv.FormatInt(int64(seq), 36))
	}
	return fmt.Sprintf("%s%s-%06d", kind, batchID, seq)
}

// branchReference numbers what a branch credits of a batch.
func (b *Bank) branchReference(batchID string, branch int) string {
	if short, ok := b.shortID(batchID); ok {
		batchID = short
	}
	return fmt.Sprintf("A%s-B%02d", batchID, branch)
}

// shortID is a batch's id in base 36 for statements that hold no more.
func (b *Bank) shortID(id string) (string, bool) {
	n, err := strconv.ParseUint(id, 10, 64)
	if b.config.Statements != MT940Statements || err != nil {
		return "", false
	}
	return strings.ToUpper(strconv.FormatUint(n, 36)), true
}

// Batch is what the bank remembers of a withholding batch.
type Batch struct {
	ID      string       `json:"id"`
	No      string       `json:"batch_no"`
	Account string       `json:"account"`
	Count   int          `json:"count"`
	Amount  money.Amount `json:"amount"`
	// Stage is taken, acknowledged, debited, answered or declined.
	Stage string `json:"stage"`
	// Debits and Debited are its successes.
	Debits  int          `json:"debits"`
	Debited money.Amount `json:"debited"`
}

// Batch returns a batch by the gateway's id, and false where the bank never took it.
func (b *Bank) Batch(id string) (Batch, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	x, ok := b.batches[id]
	if !ok {
		return Batch{}, false
	}
	return Batch{
		ID: x.ID, No: x.No, Account: x.Account, Count: x.Count, Amount: x.Amount, Stage: string(x.Stage),
		Debits: x.Debits, Debited: x.Debited,
	}, true
}

// fetchBatches takes every batch that the gateway is sending and the bank does
// not know, in both directions. A gateway that pays nothing out has no such list.
func (b *Bank) fetchBatches(ctx context.Context, r *Report) error {
	list := b.config.Gateway + pathWithholding + "?status=" + statusSending
	err := pages(ctx, b.client, list, func(w wireBatch) error { return b.take(ctx, w, nil, r) })
	if err != nil {
		return fmt.Errorf("fetch withholding batches: %w", err)
	}
	list = b.config.Gateway + pathDisbursement + "?status=" + statusSending
	err = pages(ctx, b.client, list, func(w wireBatch) error { return b.take(ctx, w, b.payoutOf(w), r) })
	var refusal *RefusalError
	if err == nil || errors.As(err, &refusal) && refusal.Status == http.StatusNotFound {
		return nil
	}
	return fmt.Errorf("fetch disbursement batches: %w", err)
}

// take fetches a batch that is new. One that contradicts itself is declined and
// left alone.
func (b *Bank) take(ctx context.Context, w wireBatch, p *payout, r *Report) error {
	x := &batch{
		ID: w.ID, No: w.BatchNo, Bank: w.Bank, Area: w.Area, Account: w.Account, FileName: w.FileName, Digest: w.Digest,
		Count: w.Count, Amount: w.Amount, Stage: taken, Payout: p,
	}
	b.mu.Lock()
	_, known := b.batches[x.key()]
	b.mu.Unlock()
	if known {
		return nil
	}
	err := b.fetchItems(ctx, x, w)
	if bad, ok := errors.AsType[*contradiction](err); ok {
		x.Stage, x.Items = declined, nil
		r.Declined = append(r.Declined, Declined{ID: x.ID, Reason: bad.reason})
		b.config.Log.LogAttrs(ctx, slog.LevelWarn, "batch declined", slog.String("batch_id", x.ID),
			slog.String("reason", bad.reason))
	} else if err != nil {
		return fmt.Errorf("batch %s: %w", w.ID, err)
	}
	b.mu.Lock()
	b.batches[x.key()] = x
	if x.Stage == taken {
		b.open = append(b.open, x.key())
	}
	b.mu.Unlock()
	return b.checkpoint()
}

// pages goes through a list of the gateway.
func pages[T any](ctx context.Context, c *client, first string, each func(T) error) error {
	address := first
	for {
		var page wirePage[T]
		if err := c.get(ctx, address, &page); err != nil {
			return err
		}
		for _, v := range page.Items {
			if err := each(v); err != nil {
				return err
			}
		}
		if page.NextCursor == "" {
			return nil
		}
		sep := "?"
		if strings.Contains(first, "?") {
			sep = "&"
		}
		address = first + sep + "cursor=" + url.QueryEscape(page.NextCursor)
	}
}

// contradiction is a batch or file that does not agree with itself.
type contradiction struct{ reason string }

func (c *contradiction) Error() string { return c.reason }

func contradicts(format string, args ...any) error {
	return &contradiction{fmt.Sprintf(format, args...)}
}

func (b *Bank) fetchItems(ctx context.Context, x *batch, w wireBatch) error {
	if x.Payout != nil {
		if err := x.Payout.check(); err != nil {
			return err
		}
	}
	if b.forms != nil && b.form(x) == nil {
		return contradicts("the format %s has no files of this direction", b.config.Format)
	}
	if w.Count < 1 || w.Count > maxLines {
		return contradicts("a batch holds 1 to %d items, this one says %d", maxLines, w.Count)
	}
	b.mu.Lock()
	err := b.openFundOf(x)
	b.mu.Unlock()
	if err != nil {
		return contradicts("account of the batch: %v", err)
	}
	x.Items = make([]item, 0, w.Count)
	if b.config.Format == JSON {
		address := b.config.Gateway + x.path(partItems) + "?limit=" + itemsPage
		err = pages(ctx, b.client, address, func(i wireItem) error {
			return x.add(item{
				ID: i.ItemID, Seq: i.Seq, Amount: i.Amount, Account: i.Account, Name: i.Name, IDNumber: i.IDNumber,
				SocialNo: i.SocialNo, Mandate: i.Mandate, Region: i.Region,
			})
		})
	} else {
		x.Digest = w.FileDigest
		err = b.readFile(ctx, b.config.Gateway+x.path(partFile), w.FileDigest, x)
	}
	if err != nil {
		return err
	}
	if err := x.check(); err != nil {
		return err
	}
	// The digest of payments covers what a bank is not shown; it is repeated as it came.
	if b.config.Format == JSON && x.Payout == nil && w.Area != "" && x.itemDigest(w) != x.Digest {
		return contradicts("the items are not those that the digest names")
	}
	return nil
}

// itemDigest is SHA-256 over area, bank and number of the batch, and sequence,
// id, amount, account, mandate and name of each item: numbers are eight bytes,
// the highest first, and a text follows the number of its bytes.
func (x *batch) itemDigest(w wireBatch) string {
	sum := sha256.New()
	integer := func(n int64) {
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], uint64(n)) //nolint:gosec // all of these are positive
		sum.Write(b[:])
	}
	text := func(s string) {
		integer(int64(len(s)))
		sum.Write([]byte(s))
	}
	text(w.Area)
	text(w.Bank)
	text(w.BatchNo)
	for n := range x.Items {
		i := &x.Items[n]
		// An id that is no number matches no digest, and the batch is declined.
		id, _ := strconv.ParseInt(i.ID, 10, 64)
		integer(int64(i.Seq))
		integer(id)
		integer(i.Amount.Fen())
		text(i.Account)
		text(i.Mandate)
		text(i.Name)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func (x *batch) add(i item) error {
	if len(x.Items) == x.Count {
		return contradicts("the batch says %d items and holds more", x.Count)
	}
	if i.Amount <= 0 || i.key() == "" {
		return contradicts("item %d has no amount or no id", len(x.Items)+1)
	}
	if i.Seq == 0 {
		i.Seq = len(x.Items) + 1
	}
	i.detach()
	x.Items = append(x.Items, i)
	return nil
}

// detach gives the item's texts a place of their own: they are parts of the line that
// they were read from, which would stay as long as they do.
func (i *item) detach() {
	texts := []*string{&i.ID, &i.Account, &i.Name, &i.IDNumber, &i.SocialNo, &i.Mandate, &i.Region}
	size := 0
	for _, text := range texts {
		size += len(*text)
	}
	var all strings.Builder
	all.Grow(size)
	for _, text := range texts {
		all.WriteString(*text)
	}
	rest := all.String()
	for _, text := range texts {
		*text, rest = rest[:len(*text)], rest[len(*text):]
	}
}

// check compares the items with count and amount, and refuses an item that
// stands there twice: it would be debited or paid twice.
func (x *batch) check() error {
	var total money.Total
	seen := make(map[string]struct{}, len(x.Items))
	for i := range x.Items {
		total.Add(x.Items[i].Amount)
		seen[x.rowOf(&x.Items[i])] = struct{}{}
	}
	sum, err := total.Amount()
	switch {
	case err != nil:
		return contradicts("the amounts are beyond any sum")
	case len(x.Items) != x.Count:
		return contradicts("the batch says %d items and holds %d", x.Count, len(x.Items))
	case sum != x.Amount:
		return contradicts("the batch says %s and its items sum to %s", x.Amount, sum)
	case len(seen) != len(x.Items):
		return contradicts("an item stands in the batch twice")
	}
	return nil
}

// work takes every open batch through its stages.
func (b *Bank) work(ctx context.Context, r *Report) error {
	b.mu.Lock()
	open := slices.Clone(b.open)
	b.mu.Unlock()
	for _, id := range open {
		b.mu.Lock()
		x := b.batches[id]
		b.mu.Unlock()
		if err := b.advance(ctx, x, r); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bank) advance(ctx context.Context, x *batch, r *Report) error {
	if x.Stage == taken {
		if err := b.acknowledge(ctx, x, r); err != nil {
			return fmt.Errorf("acknowledge batch %s: %w", x.ID, err)
		}
	}
	if x.Stage == acknowledged {
		if err := b.execute(x, r); err != nil {
			return err
		}
	}
	if x.Stage == debited || x.Stage == paid {
		b.mu.Lock()
		defer b.mu.Unlock()
		messages, err := b.answers(x)
		if err != nil {
			return fmt.Errorf("answer batch %s: %w", x.ID, err)
		}
		b.queue = append(b.queue, messages...)
		b.finish(x, answered)
	}
	return nil
}

// execute moves the money of an acknowledged batch, if its day has come.
func (b *Bank) execute(x *batch, r *Report) error {
	move := b.debit
	if x.Payout != nil {
		move = b.pay
	}
	b.mu.Lock()
	changed, err := move(x)
	done := x.Stage != acknowledged
	crash := err == nil && done && b.behaviour.CrashAfterDebit
	b.crashed = crash
	if crash {
		b.behaviour.CrashAfterDebit = false
	}
	b.mu.Unlock()
	switch {
	case err != nil:
		return fmt.Errorf("move the money of batch %s: %w", x.ID, err)
	case !changed:
		return nil
	case done && x.Payout != nil:
		r.Batches++
		r.Payments += x.Debits
		r.Paid += x.Debited
	case done:
		r.Batches++
		r.Debits += x.Debits
		r.Debited += x.Debited
	}
	if err := b.checkpoint(); err != nil {
		return err
	}
	if crash {
		return ErrCrashed
	}
	return nil
}

// finish ends the work on a batch; its items are let go. mu is held.
func (b *Bank) finish(x *batch, s stage) {
	x.Stage, x.Items = s, nil
	b.open = slices.DeleteFunc(b.open, func(key string) bool { return key == x.key() })
}

func (b *Bank) acknowledge(ctx context.Context, x *batch, r *Report) error {
	body, err := json.Marshal(wireAcknowledgement{Count: x.Count, Amount: x.Amount, Digest: x.Digest})
	if err != nil {
		return err
	}
	key := x.prefix() + "-acknowledgement"
	_, err = b.client.do(ctx, request{
		method: http.MethodPost, url: b.config.Gateway + x.path(partAcknowledgement), contentType: typeJSON,
		key: key, body: body,
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	var refusal *RefusalError
	switch {
	case errors.As(err, &refusal):
		// A batch that the gateway does not let us acknowledge moves no money.
		r.Refused = append(r.Refused, Refused{
			Purpose: ForAcknowledgement, Key: key, Status: refusal.Status, Code: refusal.Code, Detail: refusal.Detail,
		})
		b.finish(x, declined)
	case err != nil:
		return err
	default:
		x.Stage = acknowledged
		if x.Payout != nil {
			x.Payout.PayOn = b.payOn(x.Payout)
		}
	}
	return nil
}

// debit moves the money of a batch: from the customers, and to the fund account
// with its notices. It is one change; mu is held.
func (b *Bank) debit(x *batch) (bool, error) {
	x.ValueDate, x.Refused = b.day, b.behaviour.RefuseWhole
	for n := range x.Items {
		i := &x.Items[n]
		if i.Why = Technical; !x.Refused {
			i.Why = b.debitItem(i)
		}
		if i.Why == "" {
			x.Debits++
			x.Debited += i.Amount
		}
	}
	messages, err := b.settle(x)
	if err != nil {
		return false, err
	}
	b.queue = append(b.queue, messages...)
	x.Stage = debited
	return true, nil
}

// openFundOf makes sure that the money has somewhere to go, or to come from. mu
// is held.
func (b *Bank) openFundOf(x *batch) error {
	f, err := b.ledger.Fund(x.Account)
	if errors.Is(err, ErrNoAccount) && b.config.OpenUnknown > 0 {
		return b.ledger.OpenFund(x.Account, "", 0)
	}
	if err != nil {
		return err
	}
	if x.Payout == nil && x.Amount > money.Max-f.Balance {
		return ErrAmount
	}
	return nil
}

// customerOf finds the account that an item names; a sandbox opens it. mu is held.
func (b *Bank) customerOf(i *item) (*customer, error) {
	c, err := b.ledger.find(i.Account)
	if err == nil || b.config.OpenUnknown == 0 {
		return c, err
	}
	err = b.ledger.Open(Account{
		Number: i.Account, Name: i.Name, IDNumber: i.IDNumber, Balance: b.config.OpenUnknown, Mandates: []string{"*"},
	})
	if err != nil {
		return nil, err
	}
	return b.ledger.find(i.Account)
}

// isHolder says that the item names the account's holder, as far as it names one.
func (i *item) isHolder(c *customer) bool {
	return (i.Name == "" || fold(i.Name) == fold(c.name)) &&
		(i.IDNumber == "" || strings.EqualFold(i.IDNumber, c.idNumber))
}

// debitItem debits in full or not at all and says why not.
func (b *Bank) debitItem(i *item) Reason {
	c, err := b.customerOf(i)
	switch {
	case err != nil:
		return NotFound
	case c.state == Closed:
		return AccountShut
	case c.state == Frozen:
		return AccountHeld
	case c.state == NotActivated:
		return Inactive
	case c.state == Dormant:
		return Asleep
	case !i.isHolder(c):
		return WrongName
	case !c.allows(i.Mandate):
		return NoMandate
	case i.Amount > c.balance:
		return Short
	}
	for _, r := range Reasons() {
		if b.seed.happens(b.behaviour.Reject[string(r)], "reject", string(r), i.key()) {
			return r
		}
	}
	if b.ledger.Debit(i.Account, i.Amount) != nil {
		return Technical
	}
	return ""
}

// fold makes names comparable that are written with other dots or blanks.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '　':
			return -1
		case '.', '•', '‧', '・', '･', '．':
			return '·'
		}
		return r
	}, name)
}

// dueIn is a day from now; mu is held.
func (b *Bank) dueIn(days int) calendar.Day { return b.day.AddDays(days) }
