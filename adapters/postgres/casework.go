package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/disbursement"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

type caseworkStore struct{ db *DB }

// Casework stores what people decide.
func (db *DB) Casework() casework.Store { return caseworkStore{db} }

func (s caseworkStore) InTx(ctx context.Context, fn func(casework.Tx) error) error {
	return s.db.InTx(ctx, func(t *tx) error { return fn(caseworkTx{t}) })
}

func (s caseworkStore) Read(ctx context.Context, fn func(casework.Tx) error) error {
	return s.db.Read(ctx, func(t *tx) error { return fn(caseworkTx{t}) })
}

// caseworkTx is a transaction whose decisions are those of casework.
type caseworkTx struct{ *tx }

// AddDecision implements casework.Tx.
func (t caseworkTx) AddDecision(ctx context.Context, r casework.Request) (casework.Request, error) {
	err := t.QueryRow(ctx, `
		insert into decision_request (area, kind, subject_id, word, document, reason, bank_reference, value_date, code,
			amount, document_digest, about, digest, maker, maker_person, made_at, state, version)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 'submitted', 1)
		returning id, made_at`,
		r.Area, string(r.Kind), r.Subject, string(r.Word), r.Document, r.Reason, r.BankReference, dayText(r.ValueDate),
		r.Code, r.Amount.Fen(), r.DocumentDigest, r.About, r.Digest[:], r.Maker, r.MakerPerson, t.at).
		Scan(&r.ID, &r.MadeAt)
	if isUnique(err, "decision_open") {
		return r, casework.ErrOpen.Because(err)
	}
	if err != nil {
		return r, fmt.Errorf("ask for a decision about %s %d: %w", r.Kind, r.Subject, err)
	}
	return r, nil
}

// Decisions implements casework.Tx.
func (t caseworkTx) Decisions(ctx context.Context, f casework.Filter) ([]casework.Request, error) {
	return t.decisions(ctx, `
		area = $1 and ($2 = 0::bigint or id = $2) and ($3 = '' or kind = $3) and ($4 = 0::bigint or subject_id = $4)
		and ($5 = '' or state = $5) and id > $6 order by id limit $7`,
		f.Area, f.ID, string(f.Kind), f.Subject, string(f.State), f.After, f.Limit)
}

// LockDecision implements casework.Tx. The lock comes in a statement of its own:
// what the row says is read after the wait.
func (t caseworkTx) LockDecision(ctx context.Context, area party.Area, id int64) (casework.Request, error) {
	none := casework.Request{} //nolint:exhaustruct // none
	_, err := t.Exec(ctx, `select from decision_request where area = $1 and id = $2 for no key update`, area, id)
	if err != nil {
		return none, fmt.Errorf("lock decision %d: %w", id, err)
	}
	list, err := t.decisions(ctx, `area = $1 and id = $2`, area, id)
	if err == nil && len(list) == 0 {
		err = casework.ErrRequest
	}
	if err != nil {
		return none, err
	}
	return list[0], nil
}

func (t *tx) decisions(ctx context.Context, where string, args ...any) ([]casework.Request, error) {
	rows, err := t.Query(ctx, `
		select area, id, kind, subject_id, word, document, reason, bank_reference, value_date, code, amount,
			document_digest, about, digest, maker, maker_person, made_at, state, version
		from decision_request where `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read decisions: %w", err)
	}
	return collect(rows, "decisions", func(row pgx.CollectableRow) (r casework.Request, err error) {
		var digest []byte
		var day *calendar.Day
		err = row.Scan(&r.Area, &r.ID, &r.Kind, &r.Subject, &r.Word, &r.Document, &r.Reason, &r.BankReference, &day, &r.Code,
			&r.Amount, &r.DocumentDigest, &r.About, &digest, &r.Maker, &r.MakerPerson, &r.MadeAt, &r.State, &r.Version)
		if day != nil {
			r.ValueDate = *day
		}
		copy(r.Digest[:], digest)
		return r, err
	})
}

// MoveDecision implements casework.Tx.
func (t caseworkTx) MoveDecision(ctx context.Context, r casework.Request, next casework.State) error {
	tag, err := t.Exec(ctx, `update decision_request set state = $4, version = version + 1
		where area = $1 and id = $2 and version = $3`, r.Area, r.ID, r.Version, string(next))
	if err != nil {
		return fmt.Errorf("move decision %d to %s: %w", r.ID, next, err)
	}
	if tag.RowsAffected() != 1 {
		return approval.ErrDecided
	}
	return nil
}

// LockReceipt implements casework.SubjectTx.
func (t caseworkTx) LockReceipt(ctx context.Context, area party.Area, id int64) (bank.Receipt, error) {
	_, err := t.Exec(ctx, `select from receipt where area = $1 and id = $2 for no key update`, area, id)
	if err != nil {
		return bank.Receipt{}, fmt.Errorf("lock receipt %d: %w", id, err) //nolint:exhaustruct // none
	}
	return t.Receipt(ctx, area, id)
}

// Aside implements casework.SubjectTx.
func (t caseworkTx) Aside(ctx context.Context, area party.Area, after int64, limit int) ([]bank.Receipt, error) {
	rows, err := t.Query(ctx, `
		select id from receipt where area = $1 and state = 'quarantined' and code <> 'file_still_written' and id > $2 order by id limit $3`, area, after, limit)
	if err != nil {
		return nil, fmt.Errorf("files set aside: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("files set aside: %w", err)
	}
	list := make([]bank.Receipt, len(ids))
	for i, id := range ids {
		if list[i], err = t.Receipt(ctx, area, id); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// AcceptReceipt implements casework.SubjectTx. A file of the same content that was
// taken in meanwhile is met by the key of digests.
func (t caseworkTx) AcceptReceipt(ctx context.Context, area party.Area, id, request int64) error {
	tag, err := t.Exec(ctx, `update receipt set state = 'received', code = '', text = '', processed_at = null, accepted = $3
		where area = $1 and id = $2 and state = 'quarantined'`, area, id, request)
	if isUnique(err, "receipt_digest") {
		return casework.ErrNotAside.With("another file of the same content was taken in").Because(err)
	}
	if err != nil {
		return fmt.Errorf("accept receipt %d: %w", id, err)
	}
	if tag.RowsAffected() != 1 {
		return casework.ErrNotAside
	}
	return nil
}

// OpenItem implements casework.SubjectTx. The batch is locked: no answer comes
// between the look and the decision.
func (t caseworkTx) OpenItem(ctx context.Context, area party.Area, id int64) (casework.OpenItem, error) {
	i := casework.OpenItem{ID: id} //nolint:exhaustruct // read below
	err := t.QueryRow(ctx, `
		select payment, batch_id from (
			select false as payment, batch_id from withholding_item where area = $1 and id = $2
			union all select true, batch_id from payment_item where area = $1 and id = $2) x`, area, id).
		Scan(&i.Payment, &i.Batch)
	if errors.Is(err, pgx.ErrNoRows) {
		return i, casework.ErrNoItem
	}
	if err != nil {
		return i, fmt.Errorf("read item %d: %w", id, err)
	}
	batch, item := "withholding_batch", "withholding_item"
	if i.Payment {
		batch, item = "payment_batch", "payment_item"
	}
	var state string
	err = t.QueryRow(ctx, `select bank, state, created_on from `+batch+` where area = $1 and id = $2 for no key update`, area, i.Batch).
		Scan(&i.Bank, &state, &i.MadeOn)
	if err != nil {
		return i, fmt.Errorf("lock the batch of item %d: %w", id, err)
	}
	var fen int64
	err = t.QueryRow(ctx, `
		select i.amount,
			exists (select from answer a where a.area = $1 and a.item_id = i.id and a.disposition = 'recorded'),
			exists (select from bank_query q where q.area = $1 and q.item_id = i.id)
				or exists (select from answer a where a.area = $1 and a.batch_id = $3 and a.item_id = i.id
					and a.disposition = 'pending')
		from `+item+` i where i.area = $1 and i.id = $2`, area, id, i.Batch).Scan(&fen, &i.Decided, &i.Asked)
	if err != nil {
		return i, fmt.Errorf("read item %d: %w", id, err)
	}
	i.Amount = money.Amount(fen)
	i.Asked = (i.Asked || bank.BatchState(state) == bank.BatchUnknown) && bank.BatchState(state).WithBank()
	return i, nil
}

// Revive implements casework.SubjectTx. Nobody drafts or releases a run meanwhile.
func (t caseworkTx) Revive(ctx context.Context, area party.Area, batch int64, by, why string) error {
	b, err := t.LockPayBatch(ctx, area, "", batch)
	if err != nil {
		return err
	}
	if err := t.HoldRuns(ctx, area, b.Scheme); err != nil {
		return err
	}
	var again bool
	err = t.QueryRow(ctx, `
		select exists (select from payment_item i
			join payment_item j on j.area = i.area and j.member_id = i.member_id and j.month = i.month
				and j.attempt > i.attempt
			join payment_batch b on b.area = j.area and b.id = j.batch_id
			join pay_run r on r.area = b.area and r.id = b.run_id
			where i.area = $1 and i.batch_id = $2 and b.scheme = $3 and not `+deadItem+`)`, area, batch, string(b.Scheme)).
		Scan(&again)
	if err != nil {
		return fmt.Errorf("look for payments that replace batch %s: %w", b.Number, err)
	}
	if again {
		return casework.ErrPaidAgain
	}
	run, err := t.LockRun(ctx, area, b.Run)
	if err != nil {
		return err
	}
	if run.State == disbursement.Closed {
		if _, err := t.MoveRun(ctx, run, disbursement.Released, by, why); err != nil {
			return err
		}
	}
	if b, err = t.MovePayBatch(ctx, b, bank.BatchUnknown, by, why); err != nil {
		return err
	}
	return t.OpenCase(ctx, area, Case(disbursement.SilentCase(b)))
}

// AboutReturn implements casework.FlowTx.
func (t caseworkTx) AboutReturn(ctx context.Context, area party.Area, id int64) (string, error) {
	back, _, err := t.WaitingReturn(ctx, area, id)
	if err != nil {
		return "", err
	}
	return back.About(), nil
}

// GiveUpReturn implements casework.FlowTx.
func (t caseworkTx) GiveUpReturn(ctx context.Context, r casework.Request, today calendar.Day) error {
	return disbursement.GiveUp(ctx, t.tx, r.Area, disbursement.Unclaimed{
		Return: r.Subject, Document: r.Document, By: r.Actor(), Decision: r.ID,
	}, today)
}

// AboutHandPayment implements casework.BenefitTx.
func (t caseworkTx) AboutHandPayment(
	ctx context.Context, area party.Area, a casework.Ask, today calendar.Day,
) (string, error) {
	return disbursement.AboutByHand(ctx, t.tx, area, byHand(a), today)
}

// EnterHandPayment implements casework.BenefitTx.
func (t caseworkTx) EnterHandPayment(ctx context.Context, r casework.Request, today calendar.Day) error {
	h := byHand(r.Ask)
	h.By, h.Decision = r.Actor(), r.ID
	return disbursement.PayByHand(ctx, t.tx, r.Area, h, today)
}

func byHand(a casework.Ask) disbursement.ByHand {
	return disbursement.ByHand{ //nolint:exhaustruct // who asked is known later
		Item: a.Subject, BankReference: a.BankReference, PaidOn: a.ValueDate, Document: a.Document,
	}
}

// AboutNotice implements casework.FlowTx. No run takes up what was granted to heirs meanwhile.
func (t caseworkTx) AboutNotice(ctx context.Context, area party.Area, id int64) (string, error) {
	if err := lifeTx(t).HoldMember(ctx, area); err != nil {
		return "", err
	}
	n, err := registry.StandingNotice(ctx, registryTx(t), area, id)
	if err != nil {
		return "", err
	}
	return n.About(), registryTx(t).grantsAtRest(ctx, area, n)
}

// TakeNoticeBack implements casework.FlowTx.
func (t caseworkTx) TakeNoticeBack(ctx context.Context, r casework.Request, today calendar.Day) error {
	return registry.TakeBack(ctx, registryTx(t), r.Area, registry.TakingBack{
		Notice: r.Subject, Document: r.Document, By: r.Maker, Decision: r.ID, On: today,
	})
}

// CaseByID implements casework.SubjectTx.
func (t caseworkTx) CaseByID(ctx context.Context, area party.Area, id int64) (casework.OpenCase, error) {
	c := casework.OpenCase{ID: id} //nolint:exhaustruct // read below
	err := t.QueryRow(ctx, `
		select c.kind, c.subject, c.text, x.case_id is not null
		from exception_case c left join exception_closed x on x.area = c.area and x.case_id = c.id
		where c.area = $1 and c.id = $2`, area, id).Scan(&c.Kind, &c.Subject, &c.Text, &c.Closed)
	if errors.Is(err, pgx.ErrNoRows) {
		return c, casework.ErrNoCase
	}
	if err != nil {
		return c, fmt.Errorf("read case %d: %w", id, err)
	}
	return c, nil
}

// EndCase implements casework.SubjectTx.
func (t *tx) EndCase(ctx context.Context, area party.Area, kind, subject, by, text string) error {
	return t.endCases(ctx, area, Case{Kind: kind, Subject: subject, Bank: "", Text: text}, `c.subject = $3`, by)
}

// endCases closes the open cases c of a kind whose subject $3 is the given one, or is like it.
func (t *tx) endCases(ctx context.Context, area party.Area, which Case, where, by string) error {
	_, err := t.Exec(ctx, `
		insert into exception_closed (area, case_id, text, closed_by, closed_at)
		select c.area, c.id, $4, $5, $6 from exception_case c
		where c.area = $1 and c.kind = $2 and `+where+`
		  and not exists (select from exception_closed x where x.area = c.area and x.case_id = c.id)
		on conflict do nothing`,
		area, which.Kind, which.Subject, which.Text, by, t.at)
	if err != nil {
		return fmt.Errorf("close the case %s of %s: %w", which.Kind, which.Subject, err)
	}
	return nil
}

// Evidence is the line that a receipt of evidence stands for, and who answers for it.
func (t *tx) Evidence(ctx context.Context, head bank.Receipt) (bank.Answer, error) {
	none := bank.Answer{} //nolint:exhaustruct // none
	id, err := strconv.ParseInt(strings.TrimPrefix(head.Name, "evidence:"), 10, 64)
	if err != nil {
		return none, fmt.Errorf("receipt %d names no decision: %w", head.ID, err)
	}
	list, err := t.decisions(ctx, `area = $1 and id = $2 and kind = 'item' and state = 'approved'`, head.Area, id)
	if err != nil {
		return none, err
	}
	if len(list) != 1 {
		return none, casework.ErrRequest.About(head.Name)
	}
	item, err := caseworkTx{t}.OpenItem(ctx, head.Area, list[0].Subject)
	if err != nil {
		return none, err
	}
	return list[0].Answer(item.Amount), nil
}
