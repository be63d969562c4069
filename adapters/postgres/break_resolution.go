package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/disbursement"
	"twoline/gateway/fundtransfer"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/reconcile"
)

// AddResolution implements reconcile.ResolutionTx.
func (t *tx) AddResolution(ctx context.Context, r reconcile.Resolution) (reconcile.Resolution, error) {
	r.MadeAt = t.at
	err := t.QueryRow(ctx, `
		insert into break_resolution (area, break_id, proposal, kind, other, purpose, item_id, code, answer_by, amount,
			document, reason, digest, maker, maker_person, made_at, other_break, state, version)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 'submitted', 1) returning id`,
		r.Area, r.Break, string(r.Proposal), string(r.Kind), orNull(r.Other), r.Purpose, orNull(r.Item), r.Code, r.AnswerBy,
		r.Amount.Fen(), r.Document, r.Reason, r.Digest[:], r.Maker, r.MakerPerson, t.at,
		orNull(r.OtherBreak)).Scan(&r.ID)
	if isUnique(err, "resolution_open") {
		return r, reconcile.ErrResolutionOn.Because(err)
	}
	if err != nil {
		return r, fmt.Errorf("propose how break %d ends: %w", r.Break, err)
	}
	return r, nil
}

// LockResolution implements reconcile.ResolutionTx. The account of the break is held, so
// that nobody else decides.
func (t *tx) LockResolution(ctx context.Context, area party.Area, breakID int64) (reconcile.Resolution, error) {
	none := reconcile.Resolution{} //nolint:exhaustruct // none
	list, err := t.resolutions(ctx, `break_id = $2 and state in ('submitted', 'checked')`, area, breakID)
	if err != nil {
		return none, err
	}
	if len(list) == 1 {
		return list[0], nil
	}
	if list, err = t.resolutions(ctx, `break_id = $2`, area, breakID); err != nil {
		return none, err
	}
	if n := len(list); n > 0 {
		last := list[n-1]
		return none, approval.ErrDecided.With("this proposal is %s", last.State).About(fmt.Sprint(last.ID))
	}
	return none, reconcile.ErrResolution
}

func (t *tx) resolutions(ctx context.Context, where string, args ...any) ([]reconcile.Resolution, error) {
	rows, err := t.Query(ctx, `
		select area, id, break_id, proposal, kind, coalesce(other, 0), purpose, coalesce(item_id, 0), code, answer_by, amount,
			document, reason, digest, maker, maker_person, made_at, state, version, coalesce(other_break, 0)
		from break_resolution where area = $1 and `+where+` order by id`, args...)
	if err != nil {
		return nil, fmt.Errorf("read resolutions: %w", err)
	}
	list, err := collect(rows, "resolutions", func(row pgx.CollectableRow) (r reconcile.Resolution, err error) {
		var digest []byte
		var amount int64
		err = row.Scan(&r.Area, &r.ID, &r.Break, &r.Proposal, &r.Kind, &r.Other, &r.Purpose, &r.Item, &r.Code, &r.AnswerBy,
			&amount, &r.Document, &r.Reason, &digest, &r.Maker, &r.MakerPerson, &r.MadeAt, &r.State, &r.Version,
			&r.OtherBreak)
		r.Amount = money.Amount(amount)
		copy(r.Digest[:], digest)
		return r, err
	})
	if err != nil {
		return nil, err
	}
	for i := range list {
		r := &list[i]
		rows, err := t.Query(ctx, `select duty, decision, login, reason, decided_at from break_approval
			where area = $1 and resolution_id = $2 order by decided_at, duty`, r.Area, r.ID)
		if err != nil {
			return nil, fmt.Errorf("read decisions on resolution %d: %w", r.ID, err)
		}
		if r.Decisions, err = collect(rows, "decisions", pgx.RowToStructByPos[reconcile.Decided]); err != nil {
			return nil, err
		}
		rows, err = t.Query(ctx, `select kind, request_id from break_request where area = $1 and resolution_id = $2
			order by kind, request_id`, r.Area, r.ID)
		if err != nil {
			return nil, fmt.Errorf("read requests of resolution %d: %w", r.ID, err)
		}
		if r.Requests, err = collect(rows, "requests", pgx.RowToStructByPos[reconcile.Requested]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// AddBreakApproval implements reconcile.ResolutionTx.
func (t *tx) AddBreakApproval(ctx context.Context, a approval.Approval) error {
	_, err := t.Exec(ctx, `
		insert into break_approval (area, resolution_id, duty, decision, digest, maker_person, person_id, login, reason,
			decided_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		a.Area, a.SubjectID, a.Duty, a.Decision, a.Digest[:], a.MakerPerson, a.By.Person, a.By.Login, a.Reason, t.at)
	switch {
	case constraint(err) == "resolution_by_another", isUnique(err, "break_approval_person"):
		return approval.ErrSamePerson.Because(err)
	case isUnique(err, "break_approval_pkey"):
		return approval.ErrDecided.Because(err)
	case err != nil:
		return fmt.Errorf("decide resolution %d: %w", a.SubjectID, err)
	}
	return nil
}

// MoveResolution implements reconcile.ResolutionTx.
func (t *tx) MoveResolution(ctx context.Context, r reconcile.Resolution, next reconcile.ResolutionState) error {
	tag, err := t.Exec(ctx, `update break_resolution set state = $4, version = version + 1
		where area = $1 and id = $2 and version = $3`, r.Area, r.ID, r.Version, string(next))
	if err != nil {
		return fmt.Errorf("move resolution %d to %s: %w", r.ID, next, err)
	}
	if tag.RowsAffected() != 1 {
		return approval.ErrDecided
	}
	return nil
}

// AddRequests implements reconcile.ResolutionTx.
func (t *tx) AddRequests(ctx context.Context, r reconcile.Resolution, list []reconcile.Requested) error {
	for _, q := range list {
		_, err := t.Exec(ctx, `insert into break_request (area, resolution_id, kind, request_id) values ($1, $2, $3, $4)`,
			r.Area, r.ID, q.Kind, q.ID)
		if isUnique(err, "break_booking_live") {
			return reconcile.ErrBooking.Because(err)
		}
		if err != nil {
			return fmt.Errorf("note what resolution %d asked for: %w", r.ID, err)
		}
	}
	return nil
}

// errRehearsed ends a rehearsal that went well.
var errRehearsed = errors.New("rehearsed")

// Rehearse implements reconcile.ResolutionTx, by a savepoint.
func (t *tx) Rehearse(ctx context.Context, fn func(reconcile.Tx) error) error {
	err := pgx.BeginFunc(ctx, t.Tx, func(inner pgx.Tx) error {
		if err := fn(&tx{Tx: inner, db: t.db, at: t.at, written: 0}); err != nil {
			return err
		}
		return errRehearsed
	})
	if errors.Is(err, errRehearsed) {
		return nil
	}
	return err
}

// OnlyLine implements reconcile.DoorTx.
func (t *tx) OnlyLine(ctx context.Context, area party.Area, breakID int64) (reconcile.FoundLine, error) {
	l := reconcile.FoundLine{Area: area} //nolint:exhaustruct // read below
	rows, err := t.Query(ctx, `
		select l.fund_account, f.bank, l.direction, l.amount, l.value_date, l.bank_reference, l.batch_ref <> ''
		from break_line k
		join statement_line l on l.area = k.area and l.id = k.statement_line_id
		join fund_account f on f.area = l.area and f.id = l.fund_account
		where k.area = $1 and k.break_id = $2
		  and (select count(*) from break_line o where o.area = k.area and o.break_id = k.break_id) = 1`, area, breakID)
	unfit := reconcile.ErrUnfit.With("one line that the bank alone shows is booked; the break has another shape")
	return single(rows, err, "read the line of a break", unfit, func(row pgx.CollectableRow) (reconcile.FoundLine, error) {
		var direction string
		var amount int64
		err := row.Scan(&l.FundAccount, &l.Bank, &direction, &amount, &l.ValueDate, &l.BankReference, &l.Batch)
		l.Direction, l.Amount = directionOf(direction), money.Amount(amount)
		return l, err
	})
}

// AskTransfer implements reconcile.DoorTx.
func (t *tx) AskTransfer(
	ctx context.Context, l reconcile.FoundLine, a reconcile.Asked, maker string, today calendar.Day,
) (int64, error) {
	officer, err := t.Standing(ctx, maker)
	if err != nil {
		return 0, err
	}
	i := fundtransfer.Instruction{ //nolint:exhaustruct // no deposit, no funding request
		Kind: a.Kind, From: a.Other, To: l.FundAccount, Amount: l.Amount, Purpose: fundtransfer.Purpose(a.Purpose),
		EffectiveOn: l.ValueDate, Document: a.Document, BankReference: l.BankReference,
	}
	if l.Direction == bank.Debit {
		i.From, i.To = l.FundAccount, a.Other
	}
	made, err := fundtransfer.SubmitIn(ctx, t, today, officer, i)
	return made.ID, err
}

// TakeReturn implements reconcile.DoorTx. The receipt is the bank's: its statement is its
// own word.
func (t *tx) TakeReturn(
	ctx context.Context, l reconcile.FoundLine, r reconcile.Resolution, today calendar.Day,
) (int64, error) {
	request := once.Request{
		Caller: "bank:" + l.Bank, Route: "POST /v1/breaks/{id}/resolution", Key: fmt.Sprintf("break-%d-%x", r.Break, r.Digest[:6]),
		Fingerprint: r.Digest,
	}
	taken, err := disbursement.ReturnsIn(ctx, t, today, request, l.Area, bank.Caller{Code: l.Bank}, //nolint:exhaustruct // its code
		[]disbursement.Return{{ //nolint:exhaustruct // the flow fills the rest
			Item: r.Item, Amount: l.Amount, BankReference: l.BankReference, ValueDate: l.ValueDate, Code: r.Code,
			Text: "by the statement: " + r.Document,
		}})
	if err != nil {
		return 0, err
	}
	for _, d := range taken.Decisions {
		if d.Disposition == bank.Refused {
			return 0, reconcile.ErrUnfit.With("the payment cannot have come back so: %s: %s", d.Refusal, d.Reason).On("item_id")
		}
	}
	for _, b := range taken.Batches {
		if b.FundAccount != l.FundAccount {
			return 0, reconcile.ErrUnfit.With("the payment was made from another account").On("item_id")
		}
	}
	return taken.Receipts[0], nil
}

// LiveBooking implements reconcile.DoorTx.
func (t *tx) LiveBooking(ctx context.Context, area party.Area, breaks ...int64) (reconcile.Booking, bool, error) {
	var b reconcile.Booking
	err := t.QueryRow(ctx, `
		select w.statement_line_id, w.resolution_id, w.kind, w.request_id
		from break_line k join break_booking w on w.area = k.area and w.statement_line_id = k.statement_line_id and w.live
		where k.area = $1 and k.break_id = any($2) order by w.statement_line_id limit 1`, area, breaks).
		Scan(&b.Line, &b.Resolution, &b.Kind, &b.ID)
	if errors.Is(err, pgx.ErrNoRows) {
		return b, false, nil
	}
	if err != nil {
		return b, false, fmt.Errorf("requests that book lines of breaks %v: %w", breaks, err)
	}
	return b, true, nil
}

// OffsetLines implements reconcile.DoorTx.
func (t *tx) OffsetLines(ctx context.Context, area party.Area, breaks ...int64) ([]reconcile.OffsetLine, error) {
	rows, err := t.Query(ctx, `
		select l.id, l.booking_date, l.direction, l.amount
		from break_line k join statement_line l on l.area = k.area and l.id = k.statement_line_id
		where k.area = $1 and k.break_id = any($2) order by l.id`, area, breaks)
	if err != nil {
		return nil, fmt.Errorf("lines of breaks %v: %w", breaks, err)
	}
	return collect(rows, "lines of breaks", func(row pgx.CollectableRow) (l reconcile.OffsetLine, err error) {
		var direction string
		var amount int64
		err = row.Scan(&l.ID, &l.Booked, &direction, &amount)
		l.Direction, l.Amount = directionOf(direction), money.Amount(amount)
		return l, err
	})
}

// DifferingPair implements reconcile.DoorTx.
func (t *tx) DifferingPair(
	ctx context.Context, area party.Area, breakID int64,
) (pair reconcile.DifferingPair, err error) {
	rows, err := t.Query(ctx, `
		select l.id, p.entry_id, p.line, greatest(l.booking_date, p.accounted_on)
		from break_line k
		join statement_line l on l.area = k.area and l.id = k.statement_line_id
		join break_line o on o.area = k.area and o.break_id = k.break_id
		join posting p on p.area = o.area and p.entry_id = o.entry_id and p.line = o.book_line
		where k.area = $1 and k.break_id = $2
		  and (select count(*) from break_line n where n.area = k.area and n.break_id = k.break_id) = 2`, area, breakID)
	unfit := reconcile.ErrUnfit.With("the break holds more than one line of each side")
	return single(rows, err, "read the lines of a break", unfit,
		func(row pgx.CollectableRow) (p reconcile.DifferingPair, err error) {
			err = row.Scan(&p.Line, &p.Key.Entry, &p.Key.Line, &p.Settled)
			return p, err
		})
}

// OffsetOf implements reconcile.DoorTx.
func (t *tx) OffsetOf(ctx context.Context, area party.Area, breakID int64) (int64, error) {
	var id int64
	err := t.QueryRow(ctx, `
		select coalesce(min(o.id), 0) from reconciliation_break b
		join reconciliation_break o on o.area = b.area and o.fund_account = b.fund_account and o.amount = b.amount
			and o.direction <> b.direction
		where b.area = $1 and b.id = $2
		  and not exists (select from break_closed c where c.area = o.area and c.break_id = o.id)
		  and not exists (select from break_line k where k.area = o.area and k.break_id = o.id
			and (k.entry_id is not null or exists (select from break_booking w
				where w.area = k.area and w.statement_line_id = k.statement_line_id and w.live)))`, area, breakID).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("find what offsets break %d: %w", breakID, err)
	}
	return id, nil
}

// MatchOf implements reconcile.DoorTx.
func (t *tx) MatchOf(ctx context.Context, area party.Area, line int64) (int64, error) {
	var id int64
	err := t.QueryRow(ctx, `select match_id from reconciliation_match where area = $1 and statement_line_id = $2`, area, line).
		Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("find the match of line %d: %w", line, err)
	}
	return id, nil
}

// TakeToSuspense implements reconcile.DoorTx.
func (t *tx) TakeToSuspense(ctx context.Context, l reconcile.FoundLine, today calendar.Day) (int64, error) {
	out, err := collection.SuspendIn(ctx, t, today, l.Area, l.Bank, collection.Arrival{ //nolint:exhaustruct // nobody knows more
		FundAccount: l.FundAccount, Amount: l.Amount, BankReference: l.BankReference, ValueDate: l.ValueDate,
	})
	return out.ID, err
}

// AskOffice implements reconcile.DoorTx.
func (t *tx) AskOffice(
	ctx context.Context, area party.Area, kind string, breakID int64, bankCode, text string,
) (int64, error) {
	subject := fmt.Sprintf("break:%d", breakID)
	if err := t.OpenCase(ctx, area, Case{Kind: kind, Subject: subject, Bank: bankCode, Text: text}); err != nil {
		return 0, err
	}
	var id int64
	err := t.QueryRow(ctx, `select id from exception_case where area = $1 and kind = $2 and subject = $3`, area, kind, subject).
		Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("find the case of break %d: %w", breakID, err)
	}
	return id, nil
}
