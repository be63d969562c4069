package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"twoline/gateway/approval"
	"twoline/gateway/fundtransfer"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

type fundTransferStore struct{ db *DB }

// FundTransfers stores the moves along the two lines.
func (db *DB) FundTransfers() fundtransfer.Store { return fundTransferStore{db} }

func (s fundTransferStore) InTx(ctx context.Context, fn func(fundtransfer.Tx) error) error {
	return s.db.InTx(ctx, func(t *tx) error { return fn(t) })
}

func (s fundTransferStore) Read(ctx context.Context, fn func(fundtransfer.Tx) error) error {
	return s.db.Read(ctx, func(t *tx) error { return fn(t) })
}

// Standing returns an officer with the duties that hold now, whatever held when
// the session began, or approval.ErrDuty where the login is unknown or disabled.
func (t *tx) Standing(ctx context.Context, login string) (approval.Officer, error) {
	o := approval.Officer{Login: login}
	var duties []string
	err := t.QueryRow(ctx, `
		select o.person_id, g.kind, g.area, coalesce(g.region, 0), array(
			select distinct d.duty from duty_grant d where d.login = o.login and d.revoked_at is null order by 1)
		from officer o join organisation g on g.id = o.organisation_id
		where o.login = $1 and o.disabled_at is null`, login).
		Scan(&o.Person, &o.Organisation, &o.Area, &o.Region, &duties)
	if errors.Is(err, pgx.ErrNoRows) {
		return o, approval.ErrDuty.With("this login is disabled")
	}
	if err != nil {
		return o, fmt.Errorf("load officer: %w", err)
	}
	for _, d := range duties {
		o.Duties = append(o.Duties, approval.Duty(d))
	}
	return o, nil
}

// AddApproval implements fundtransfer.Tx. That maker and checker are different
// people, and that the approval is of the stored digest, the table decides.
func (t *tx) AddApproval(ctx context.Context, a approval.Approval) error {
	_, err := t.Exec(ctx, `
		insert into approval (area, subject, subject_id, duty, decision, digest, maker_person, person_id, login,
			reason, decided_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		a.Area, a.Subject, a.SubjectID, a.Duty, a.Decision, a.Digest[:], a.MakerPerson, a.By.Person, a.By.Login,
		a.Reason, t.at)
	switch {
	case constraint(err) == "different_person", isUnique(err, "approval_one_person"):
		return approval.ErrSamePerson.Because(err)
	case isUnique(err, "approval_pkey"):
		return approval.ErrDecided.Because(err)
	case err != nil:
		return fmt.Errorf("approve %s %d: %w", a.Subject, a.SubjectID, err)
	}
	return nil
}

// AddTransfer implements fundtransfer.Tx.
func (t *tx) AddTransfer(ctx context.Context, f fundtransfer.Transfer) (fundtransfer.Transfer, error) {
	f.MadeAt = t.at
	var amount, rate any
	if !f.All {
		amount = f.Amount.Fen()
	}
	if !f.MaturesOn.IsZero() {
		rate = f.Rate.String()
	}
	err := t.QueryRow(ctx, `
		insert into fund_transfer (area, scheme, kind, from_account, to_account, amount, purpose, effective_on,
			document, bank_reference, matures_on, rate, deposit_id, interest, funding_request, digest, maker,
			maker_person, made_at, state, version)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::text::numeric, $13, $14, $15, $16, $17, $18, $19,
			'submitted', 1)
		returning id`,
		f.Area, f.Scheme, f.Kind, orNull(f.From), orNull(f.To), amount, f.Purpose, f.EffectiveOn, f.Document,
		f.BankReference, f.MaturesOn, rate, orNull(f.Deposit), f.Interest.Fen(), orNull(f.Request), f.Digest[:], f.Maker,
		f.MakerPerson, f.MadeAt).Scan(&f.ID)
	if err != nil {
		return f, fmt.Errorf("submit a fund transfer: %w", err)
	}
	return f, t.addTransferEvent(ctx, f, "", fundtransfer.Submitted, f.Version, "officer:"+f.Maker)
}

func (t *tx) addTransferEvent(
	ctx context.Context, f fundtransfer.Transfer, from, to fundtransfer.State, version int, actor string,
) error {
	_, err := t.Exec(ctx, `
		insert into transfer_event (area, transfer_id, version, from_state, to_state, actor, at)
		values ($1, $2, $3, $4, $5, $6, $7)`, f.Area, f.ID, version, from, to, actor, t.at)
	if err != nil {
		return fmt.Errorf("event of fund transfer %d: %w", f.ID, err)
	}
	return nil
}

// MoveTransfer implements fundtransfer.Tx.
func (t *tx) MoveTransfer(ctx context.Context, f fundtransfer.Transfer, next fundtransfer.State, actor string) error {
	if !f.State.CanBecome(next) {
		return approval.ErrDecided.With("fund transfer %d is %s", f.ID, f.State)
	}
	tag, err := t.Exec(ctx, `
		update fund_transfer set state = $5, version = version + 1
		where area = $1 and id = $2 and state = $3 and version = $4`, f.Area, f.ID, f.State, f.Version, next)
	switch {
	case isUnique(err, "fund_transfer_deposit"):
		return fundtransfer.ErrDepositDrawn.Because(err)
	case err != nil:
		return fmt.Errorf("move fund transfer %d to %s: %w", f.ID, next, err)
	case tag.RowsAffected() != 1:
		return approval.ErrDecided
	}
	if err := t.addTransferEvent(ctx, f, f.State, next, f.Version+1, actor); err != nil {
		return err
	}
	if f.Kind == ledger.Sweep && next == fundtransfer.Booked {
		return t.closeSwept(ctx, f.Area)
	}
	return nil
}

// transferColumns are read by scanTransfer.
const transferColumns = `
	f.area, f.id, f.scheme, f.kind, coalesce(f.from_account, 0), coalesce(f.to_account, 0), coalesce(f.amount, 0),
	f.amount is null, f.purpose, f.effective_on, f.document, f.bank_reference, f.matures_on,
	coalesce(f.rate, 0)::text, coalesce(f.deposit_id, 0), f.interest, coalesce(f.funding_request, 0), f.digest, f.maker,
	f.maker_person, f.made_at, f.state, f.version, coalesce((
		select p.amount from entry e join posting p on p.area = e.area and p.entry_id = e.id and p.line = 1
		where f.state = 'booked' and e.area = f.area and e.cause = 'fund_transfer:' || f.id), 0)`

func scanTransfer(row pgx.CollectableRow) (fundtransfer.Transfer, error) {
	var f fundtransfer.Transfer
	var rate string
	var digest []byte
	var amount, interest, moved int64
	err := row.Scan(&f.Area, &f.ID, &f.Scheme, &f.Kind, &f.From, &f.To, &amount, &f.All, &f.Purpose, &f.EffectiveOn,
		&f.Document, &f.BankReference, &f.MaturesOn, &rate, &f.Deposit, &interest, &f.Request, &digest, &f.Maker,
		&f.MakerPerson, &f.MadeAt, &f.State, &f.Version, &moved)
	if err != nil {
		return f, err
	}
	f.Amount, f.Interest, f.Moved = money.Amount(amount), money.Amount(interest), money.Amount(moved)
	copy(f.Digest[:], digest)
	f.Rate, err = decimal.NewFromString(rate)
	return f, err
}

// LockTransfer implements fundtransfer.Tx.
func (t *tx) LockTransfer(ctx context.Context, area party.Area, id int64) (fundtransfer.Transfer, error) {
	// The lock comes in a statement of its own: what the row says is read after the wait.
	tag, err := t.Exec(ctx, `select from fund_transfer where area = $1 and id = $2 for no key update`, area, id)
	if err != nil {
		return fundtransfer.Transfer{}, fmt.Errorf("lock fund transfer %d: %w", id, err)
	}
	if tag.RowsAffected() == 0 {
		return fundtransfer.Transfer{}, fundtransfer.ErrNotFound
	}
	return t.FindTransfer(ctx, area, id)
}

// FindTransfer implements fundtransfer.Tx.
func (t *tx) FindTransfer(ctx context.Context, area party.Area, id int64) (fundtransfer.Transfer, error) {
	rows, err := t.Query(ctx, `select `+transferColumns+` from fund_transfer f where f.area = $1 and f.id = $2`,
		area, id)
	return single(rows, err, fmt.Sprintf("load fund transfer %d", id), fundtransfer.ErrNotFound, scanTransfer)
}

// ListTransfers implements fundtransfer.Tx.
func (t *tx) ListTransfers(ctx context.Context, f fundtransfer.Filter) ([]fundtransfer.Transfer, error) {
	rows, err := t.Query(ctx, `
		select `+transferColumns+` from fund_transfer f
		where f.area = $1 and ($2 = '' or f.state = $2) and f.id > $3 order by f.id limit $4`,
		f.Area, f.State, f.After, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("list fund transfers: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanTransfer)
	if err != nil {
		return nil, fmt.Errorf("list fund transfers: %w", err)
	}
	return list, nil
}

// PlaceDeposit implements fundtransfer.Tx.
func (t *tx) PlaceDeposit(ctx context.Context, d fundtransfer.Deposit) error {
	_, err := t.Exec(ctx, `
		insert into fixed_deposit (area, id, account, amount, placed_on, matures_on, rate)
		values ($1, $2, $3, $4, $5, $6, $7::text::numeric)`,
		d.Area, d.ID, d.Account, d.Amount.Fen(), d.PlacedOn, d.MaturesOn, d.Rate.String())
	if err != nil {
		return fmt.Errorf("place fixed deposit %d: %w", d.ID, err)
	}
	return nil
}

// FindDeposit implements fundtransfer.Tx.
func (t *tx) FindDeposit(ctx context.Context, area party.Area, id int64) (fundtransfer.Deposit, error) {
	d := fundtransfer.Deposit{Area: area, ID: id}
	var amount int64
	var rate string
	err := t.QueryRow(ctx, `
		select account, amount, placed_on, matures_on, rate::text from fixed_deposit where area = $1 and id = $2`,
		area, id).Scan(&d.Account, &amount, &d.PlacedOn, &d.MaturesOn, &rate)
	if errors.Is(err, pgx.ErrNoRows) {
		return d, fundtransfer.ErrNoDeposit
	}
	if err != nil {
		return d, fmt.Errorf("load fixed deposit %d: %w", id, err)
	}
	d.Amount = money.Amount(amount)
	d.Rate, err = decimal.NewFromString(rate)
	return d, err
}
