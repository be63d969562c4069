package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// arrivalKnown is arrivals with the batch that was named for them last, and the id
// from which on they are known to be for it; it stands where a table would. An
// agreement takes all that is known to its subject under the subject's lock, so it
// took exactly what is known from an id up to its upto_arrival.
const arrivalKnown = `(
	select a.area, a.id, a.id as known, a.fund_account, a.direction, a.amount, a.bank_reference, a.value_date, a.batch_id,
		a.terminal_day, null::bigint as list_id, a.business_day, a.reported_at, a.reported_by as told_by
	from arrival a
	where not exists (select from arrival_subject s where s.area = a.area and s.arrival_id = a.id)
	  and not exists (select from contribution_list_money l where l.area = a.area and l.arrival_id = a.id)
	union all
	select a.area, a.id, s.id, a.fund_account, a.direction, a.amount, a.bank_reference, a.value_date, s.batch_id,
		a.terminal_day, null, a.business_day, a.reported_at, s.named_by
	from arrival_subject s join arrival a on a.area = s.area and a.id = s.arrival_id
	where not exists (select from arrival_subject n where n.area = s.area and n.arrival_id = s.arrival_id and n.id > s.id)
	union all
	select a.area, a.id, l.id, a.fund_account, a.direction, a.amount, a.bank_reference, a.value_date, null,
		null, l.list_id, a.business_day, a.reported_at, l.named_by
	from contribution_list_money l join arrival a on a.area = l.area and a.id = l.arrival_id
	where not exists (select from contribution_list_money n
		where n.area = l.area and n.arrival_id = l.arrival_id and n.id > l.id))`

// agreedOn says of an arrival v of arrivalKnown that an agreement took it, or, of money of
// nobody, that officers took it as a member's.
const agreedOn = `(exists (
	select from agreement g where g.area = v.area and v.known <= g.upto_arrival
	  and g.subject = case when v.list_id is not null then 'list' when v.terminal_day is null then 'batch'
		else 'terminal_day' end
	  and g.subject_id = coalesce(v.list_id, v.terminal_day, v.batch_id))
	or v.direction = 'credit' and coalesce(v.list_id, v.terminal_day, v.batch_id) is null and exists (
		select from ` + memberReceipt + ` x where x.area = v.area and x.fund_account = v.fund_account
			and x.bank_reference = v.bank_reference and x.amount = v.amount))`

// memberReceipt is credits of the bank that officers took as the money of a member's
// transfer or recovery, or of a refund that came back; it stands where a table would. A bank may tell of them too, and
// then they are booked by that receipt alone.
const memberReceipt = `(
	select area, fund_account, bank_reference, amount from member_transfer_receipt
	union all
	select y.area, y.fund_account, y.bank_reference, x.amount
	from recovery_received y join recovery_receipt x on x.area = y.area and x.id = y.receipt_id
	union all
	select area, fund_account, bank_reference, amount from refund_returned)`

// creditFree says whether officers may take a credit of the bank as a member's receipt:
// nobody did, and what the bank told of it is the same money, of nobody. suspended says that it
// went to suspense meanwhile. It stays so until the transaction ends.
func (t *tx) creditFree(
	ctx context.Context, area party.Area, account int64, reference string, amount money.Amount,
) (free, suspended bool, err error) {
	if err := t.holdUnnamed(ctx, area); err != nil {
		return false, false, err
	}
	err = t.QueryRow(ctx, `
		select not exists (select from `+memberReceipt+` x
				where x.area = $1 and x.fund_account = $2 and x.bank_reference = $3)
			and not exists (select from `+arrivalKnown+` v
				where v.area = $1 and v.fund_account = $2 and v.bank_reference = $3 and v.direction = 'credit' and (v.amount <> $4
					or coalesce(v.list_id, v.terminal_day, v.batch_id) is not null)),
			exists (select from `+arrivalKnown+` v join arrival_suspense s on s.area = v.area and s.arrival_id = v.id
				where v.area = $1 and v.fund_account = $2 and v.bank_reference = $3 and v.direction = 'credit')`,
		area, account, reference, amount.Fen()).Scan(&free, &suspended)
	if err != nil {
		return false, false, fmt.Errorf("look for credit %s: %w", reference, err)
	}
	return free, suspended, nil
}

// notAMembers refuses a notice that names something for money which officers took as a
// member's.
func (t *tx) notAMembers(ctx context.Context, area party.Area, a collection.Arrival) error {
	if a.GivenBack || a.Batch == 0 && a.Item == 0 && a.TerminalDayID == 0 && a.List == 0 {
		return nil
	}
	// Officers look for what the bank told at the same lock.
	if err := t.holdUnnamed(ctx, area); err != nil {
		return err
	}
	var taken bool
	err := t.QueryRow(ctx, `select exists (select from `+memberReceipt+` x
		where x.area = $1 and x.fund_account = $2 and x.bank_reference = $3)`, area, a.FundAccount, a.BankReference).Scan(&taken)
	if err != nil {
		return fmt.Errorf("look for credit %s: %w", a.BankReference, err)
	}
	if taken {
		return collection.ErrReference.With("bank reference %s: the agency took this credit as the money of a member's "+
			"transfer, recovery or refund", a.BankReference).On("bank_reference")
	}
	return nil
}

// FundAccount implements collection.MoneyTx.
func (t *tx) FundAccount(
	ctx context.Context, area party.Area, bankCode, accountNo string,
) (collection.FundAccount, error) {
	var f collection.FundAccount
	err := t.QueryRow(ctx, `
		select f.area, f.id, f.scheme, f.role, f.bank, k.opened_on
		from fund_account f join book k on k.area = f.area and k.scheme = f.scheme
		where ($1 = 0 or f.area = $1) and ($2 = '' or f.bank = $2) and f.account_no = $3 and f.role <> 'fixed_deposit'
		order by f.area, f.id limit 1`, int32(area), bankCode, accountNo).
		Scan(&f.Area, &f.ID, &f.Scheme, &f.Role, &f.Bank, &f.OpenedOn)
	if errors.Is(err, pgx.ErrNoRows) {
		return f, collection.ErrFundAccount
	}
	if err != nil {
		return f, fmt.Errorf("find fund account: %w", err)
	}
	return f, nil
}

// FundAccountByID implements collection.MoneyTx.
func (t *tx) FundAccountByID(ctx context.Context, area party.Area, id int64) (collection.FundAccount, error) {
	var f collection.FundAccount
	err := t.QueryRow(ctx, `
		select f.area, f.id, f.scheme, f.role, f.bank, k.opened_on
		from fund_account f join book k on k.area = f.area and k.scheme = f.scheme
		where f.area = $1 and f.id = $2`, area, id).Scan(&f.Area, &f.ID, &f.Scheme, &f.Role, &f.Bank, &f.OpenedOn)
	if errors.Is(err, pgx.ErrNoRows) {
		return f, collection.ErrFundAccount
	}
	if err != nil {
		return f, fmt.Errorf("find fund account %d: %w", id, err)
	}
	return f, nil
}

// BatchOfItem implements collection.MoneyTx.
func (t *tx) BatchOfItem(ctx context.Context, area party.Area, bankCode string, item int64) (int64, error) {
	var batch int64
	err := t.QueryRow(ctx, `
		select b.id from withholding_item i join withholding_batch b on b.area = i.area and b.id = i.batch_id
		where i.area = $1 and i.id = $2 and ($3 = '' or b.bank = $3)`, area, item, bankCode).Scan(&batch)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, collection.ErrItemUnknown
	}
	if err != nil {
		return 0, fmt.Errorf("batch of item %d: %w", item, err)
	}
	return batch, nil
}

// AddArrival implements collection.MoneyTx.
func (t *tx) AddArrival(
	ctx context.Context, area party.Area, a collection.Arrival, today calendar.Day,
) (collection.Arrival, bool, error) {
	if err := t.notAMembers(ctx, area, a); err != nil {
		return a, false, err
	}
	source := "notice"
	if a.FromStatement {
		source = "statement"
	}
	direction := "credit"
	if a.GivenBack {
		direction = "debit"
	}
	err := t.QueryRow(ctx, `
		insert into arrival (area, fund_account, direction, amount, bank_reference, value_date, batch_id, item_id, terminal_day,
			source, reported_by, reported_at, business_day)
		values ($1, $2, $13, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		on conflict (area, fund_account, bank_reference, direction) do nothing returning id`,
		area, a.FundAccount, a.Amount.Fen(), a.BankReference, a.ValueDate, orNull(a.Batch), orNull(a.Item),
		orNull(a.TerminalDayID), source, a.ReportedBy, t.at, today, direction).Scan(&a.ID)
	if err == nil {
		return a, false, t.countArrival(ctx, area, a.Batch, a.Net())
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return a, false, fmt.Errorf("add arrival %s: %w", a.BankReference, err)
	}
	return t.sameArrival(ctx, area, a, direction)
}

// sameArrival compares with what was told before. A statement may name the batch
// of money that a notice told without one; it then counts for that batch. So may a later
// notice its list.
func (t *tx) sameArrival(
	ctx context.Context, area party.Area, a collection.Arrival, direction string,
) (collection.Arrival, bool, error) {
	// Nobody else names it, and no daily look takes it, between reading and naming.
	if err := t.holdUnnamed(ctx, area); err != nil {
		return a, false, err
	}
	var same bool
	var batch, day, list int64
	err := t.QueryRow(ctx, `
		select id, amount = $4 and (value_date = $6 or $7), coalesce(batch_id, 0), coalesce(terminal_day, 0),
			coalesce(list_id, 0)
		from `+arrivalKnown+` v where area = $1 and fund_account = $2 and bank_reference = $3 and direction = $5`,
		area, a.FundAccount, a.BankReference, a.Amount.Fen(), direction, a.ValueDate, a.FromStatement).
		Scan(&a.ID, &same, &batch, &day, &list)
	if err != nil {
		return a, false, fmt.Errorf("read arrival %s: %w", a.BankReference, err)
	}
	switch {
	case !same, batch != 0 && a.Batch != 0 && batch != a.Batch, day != a.TerminalDayID && a.TerminalDayID != 0,
		day != 0 && a.Batch != 0, list != 0 && a.Batch != 0,
		a.List != 0 && (batch != 0 || day != 0 || list != 0 && list != a.List):
		return a, false, t.contradiction(ctx, area, a)
	case a.List != 0:
		// Its list is named by the caller, where it is not known yet.
		return a, list != 0, nil
	case batch != 0 || a.Batch == 0:
		return a, true, nil
	}
	told := a
	told.Batch = 0
	return a, false, t.NameArrival(ctx, area, told, collection.Named{Batch: a.Batch, By: a.ReportedBy, Reason: ""})
}

// contradiction says what was told of money before, and what is told now.
func (t *tx) contradiction(ctx context.Context, area party.Area, a collection.Arrival) error {
	var by, before, now string
	var amount int64
	var day calendar.Day
	err := t.QueryRow(ctx, `
		select v.told_by, v.amount, v.value_date,
			coalesce('batch ' || b.batch_no || ' (id ' || b.id || ')', 'terminal ' || d.terminal || ' of ' || d.day,
				'contribution list ' || v.list_id, 'nobody'),
			coalesce('batch ' || n.batch_no || ' (id ' || n.id || ')', 'terminal ' || e.terminal || ' of ' || e.day,
				'contribution list ' || nullif($5::bigint, 0), 'nobody')
		from `+arrivalKnown+` v
		left join withholding_batch b on b.area = v.area and b.id = v.batch_id
		left join terminal_day d on d.area = v.area and d.id = v.terminal_day
		left join withholding_batch n on n.area = v.area and n.id = $3
		left join terminal_day e on e.area = v.area and e.id = $4
		where v.area = $1 and v.id = $2`, area, a.ID, a.Batch, a.TerminalDayID, a.List).
		Scan(&by, &amount, &day, &before, &now)
	if err != nil {
		return fmt.Errorf("read arrival %s: %w", a.BankReference, err)
	}
	return collection.ErrReference.With("arrival %d, bank reference %s: %s told %s of %s for %s; now %s tells %s of %s for %s",
		a.ID, a.BankReference, teller(by), money.Amount(amount), day, before, teller(a.ReportedBy), a.Amount, a.ValueDate,
		now).On("bank_reference")
}

// teller is who told of money, without the name of an officer: banks read it too.
func teller(by string) string {
	who, _, _ := strings.Cut(by, ":")
	switch who {
	case "bank":
		return "a notice of the bank"
	case "officer":
		return "an officer of the agency"
	}
	return "the " + who
}

func (t *tx) countArrival(ctx context.Context, area party.Area, batch int64, net money.Amount) error {
	if batch == 0 {
		return nil
	}
	_, err := t.Exec(ctx, `update withholding_batch set arrived_amount = arrived_amount + $3 where area = $1 and id = $2`,
		area, batch, net.Fen())
	if err != nil {
		return fmt.Errorf("count what arrived for batch %d: %w", batch, err)
	}
	return nil
}

// holdUnnamed keeps a naming and a daily look from reaching for the same money at
// one moment. It is taken after the locks of batches, and held to the end.
func (t *tx) holdUnnamed(ctx context.Context, area party.Area) error {
	_, err := t.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('unnamed money ' || $1::int, 0))`, int32(area))
	if err != nil {
		return fmt.Errorf("hold unnamed money of area %s: %w", area, err)
	}
	return nil
}

func (t *tx) lockBatches(ctx context.Context, area party.Area, ids []int64) error {
	_, err := t.Exec(ctx, `
		select from withholding_batch where area = $1 and id = any($2) order by id for no key update`, area, ids)
	if err != nil {
		return fmt.Errorf("lock %d batches: %w", len(ids), err)
	}
	return nil
}

// LockArrival implements collection.MoneyTx.
func (t *tx) LockArrival(
	ctx context.Context, area party.Area, id, batch int64,
) (a collection.Arrival, agreed bool, err error) {
	seen, _, err := t.knownArrival(ctx, area, id)
	if err != nil {
		return seen, false, err
	}
	if err := t.lockBatches(ctx, area, []int64{seen.Batch, batch}); err != nil {
		return seen, false, err
	}
	if err := t.holdUnnamed(ctx, area); err != nil {
		return seen, false, err
	}
	a, agreed, err = t.knownArrival(ctx, area, id)
	if err == nil && a.Batch != seen.Batch {
		err = collection.ErrContended.With("the money was named for another batch just now; look at it again")
	}
	return a, agreed, err
}

func (t *tx) knownArrival(ctx context.Context, area party.Area, id int64) (collection.Arrival, bool, error) {
	a := collection.Arrival{ID: id} //nolint:exhaustruct // read below
	var amount int64
	var agreed bool
	err := t.QueryRow(ctx, `
		select v.fund_account, v.amount, v.direction = 'debit', v.bank_reference, v.value_date, coalesce(v.batch_id, 0),
			coalesce(v.terminal_day, 0), coalesce(v.list_id, 0), `+agreedOn+`
		from `+arrivalKnown+` v where v.area = $1 and v.id = $2`, area, id).Scan(
		&a.FundAccount, &amount, &a.GivenBack, &a.BankReference, &a.ValueDate, &a.Batch, &a.TerminalDayID, &a.List, &agreed)
	if errors.Is(err, pgx.ErrNoRows) {
		return a, false, collection.ErrArrivalUnknown
	}
	if err != nil {
		return a, false, fmt.Errorf("read arrival %d: %w", id, err)
	}
	a.Amount = money.Amount(amount)
	return a, agreed, nil
}

// NameArrival implements collection.MoneyTx.
func (t *tx) NameArrival(ctx context.Context, area party.Area, a collection.Arrival, n collection.Named) error {
	_, err := t.Exec(ctx, `
		insert into arrival_subject (area, arrival_id, batch_id, named_by, reason, named_at)
		values ($1, $2, $3, $4, $5, $6)`, area, a.ID, n.Batch, n.By, n.Reason, t.at)
	if err != nil {
		return fmt.Errorf("name the batch of arrival %s: %w", a.BankReference, err)
	}
	if err := t.countArrival(ctx, area, a.Batch, -a.Net()); err != nil {
		return err
	}
	return t.countArrival(ctx, area, n.Batch, a.Net())
}

// CloseArrivalCases implements collection.MoneyTx.
func (t *tx) CloseArrivalCases(ctx context.Context, area party.Area, a collection.Arrival, by, text string) error {
	_, err := t.Exec(ctx, `
		insert into exception_closed (area, case_id, text, closed_by, closed_at)
		select c.area, c.id, $5, $6, $7
		from fund_account f join exception_case c on c.area = f.area and (
			(c.kind = 'arrival_unexplained' and c.subject = 'arrival:' || $3::bigint)
			or (c.kind = 'arrival_refused' and c.subject = 'bank_reference:' || f.bank || ':' || $4::text))
		where f.area = $1 and f.id = $2
		  and not exists (select from exception_closed x where x.area = c.area and x.case_id = c.id)
		on conflict do nothing`,
		area, a.FundAccount, a.ID, a.BankReference, text, by, t.at)
	if err != nil {
		return fmt.Errorf("close the cases of arrival %s: %w", a.BankReference, err)
	}
	return nil
}

// OpenSums implements collection.MoneyTx.
func (t *tx) OpenSums(ctx context.Context, area party.Area, subject string, id int64) (collection.Sums, error) {
	var s collection.Sums
	var succeeded, arrived int64
	query := `
		select b.succeeded - b.agreed_count, b.succeeded_amount - b.agreed_amount, b.arrived_amount - b.agreed_amount,
			b.last_answer, b.fund_account
		from withholding_batch b where b.area = $1 and b.id = $2`
	if subject == "terminal_day" {
		query = `
		select d.receipts - coalesce(g.n, 0), d.amount - coalesce(g.amount, 0), coalesce(v.amount, 0) - coalesce(g.amount, 0),
			coalesce(k.last, 0), d.fund_account
		from terminal_day d
		left join lateral (select sum(item_count)::int as n, sum(amount)::bigint as amount from agreement
			where area = d.area and subject = 'terminal_day' and subject_id = d.id) g on true
		left join lateral (select sum(amount)::bigint as amount from arrival
			where area = d.area and terminal_day = d.id) v on true
		left join lateral (select max(id) as last from counter_receipt
			where area = d.area and bank = d.bank and terminal = d.terminal and paid_on = d.day
			  and fund_account = d.fund_account) k on true
		where d.area = $1 and d.id = $2`
	}
	if subject == "list" {
		query = listSumsSQL
	}
	err := t.QueryRow(ctx, query, area, id).Scan(&s.Count, &succeeded, &arrived, &s.Upto, &s.FundAccount.ID)
	if err != nil {
		return s, fmt.Errorf("sums of %s %d: %w", subject, id, err)
	}
	s.Succeeded, s.Arrived = money.Amount(succeeded), money.Amount(arrived)
	if s.Succeeded == 0 || s.Succeeded != s.Arrived {
		return s, nil
	}
	column := "batch_id"
	switch subject {
	case "terminal_day":
		column = "terminal_day"
	case "list":
		column = "list_id"
	}
	err = t.QueryRow(ctx, `
		select coalesce(max(g.round), 0), coalesce(max(g.upto_answer), 0),
			(select max(known) from `+arrivalKnown+` v where area = $1 and `+column+` = $3),
			(select max(value_date) from `+arrivalKnown+` v where area = $1 and `+column+` = $3)
		from agreement g where g.area = $1 and g.subject = $2 and g.subject_id = $3`,
		area, subject, id).Scan(&s.Round, &s.After, &s.UptoArrival, &s.LastValueDay)
	if err != nil {
		return s, fmt.Errorf("last agreement of %s %d: %w", subject, id, err)
	}
	return s, nil
}

// AddAgreement implements collection.MoneyTx.
func (t *tx) AddAgreement(ctx context.Context, a collection.Agreement, today calendar.Day) (int64, error) {
	var id int64
	err := t.QueryRow(ctx, `
		insert into agreement (area, subject, subject_id, round, after_answer, upto_answer, upto_arrival, from_suspense,
			item_count, amount, fund_account, effective_on, agreed_at, business_day)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) returning id`,
		a.Area, a.Subject, a.SubjectID, a.Round, a.After, a.Upto, a.UptoArrival, a.FromSuspense, a.Count,
		a.Amount.Fen(), a.FundAccount, a.EffectiveOn, t.at, today).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("add agreement of %s %d: %w", a.Subject, a.SubjectID, err)
	}
	_, err = t.Exec(ctx, `insert into agreement_progress (area, agreement_id, posted_upto, posted_count, done)
		values ($1, $2, $3, 0, false)`, a.Area, id, a.After)
	if err != nil {
		return 0, fmt.Errorf("add agreement of %s %d: %w", a.Subject, a.SubjectID, err)
	}
	if a.Subject == "batch" {
		_, err = t.Exec(ctx, `
			update withholding_batch set agreed_count = agreed_count + $3, agreed_amount = agreed_amount + $4
			where area = $1 and id = $2`, a.Area, a.SubjectID, a.Count, a.Amount.Fen())
		if err != nil {
			return 0, fmt.Errorf("count agreement of batch %d: %w", a.SubjectID, err)
		}
	}
	return id, nil
}

// holdPostings keeps contributions of the area from being posted by others until the transaction
// ends: what a member has paid is read and added to by one posting at a time.
func (t *tx) holdPostings(ctx context.Context, area party.Area) error {
	_, err := t.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('posting ' || $1::int, 0))`, int32(area))
	if err != nil {
		return fmt.Errorf("hold postings of area %s: %w", area, err)
	}
	return nil
}

// LockAgreement implements collection.MoneyTx.
func (t *tx) LockAgreement(ctx context.Context, area party.Area, id int64) (collection.Agreement, error) {
	a := collection.Agreement{Area: area, ID: id} //nolint:exhaustruct // read below
	var amount int64
	if err := t.holdPostings(ctx, area); err != nil {
		return a, err
	}
	err := t.QueryRow(ctx, `
		select g.subject, g.subject_id, g.round, g.after_answer, g.upto_answer, g.upto_arrival, g.from_suspense,
			g.item_count, g.amount, g.fund_account, f.role, f.scheme, g.effective_on, p.posted_upto, p.posted_count,
			p.done, coalesce(k.kind, '')
		from agreement_progress p
		join agreement g on g.area = p.area and g.id = p.agreement_id
		join fund_account f on f.area = g.area and f.id = g.fund_account
		left join contribution_list k on g.subject = 'list' and k.area = g.area and k.id = g.subject_id
		where p.area = $1 and p.agreement_id = $2 for no key update of p`, area, id).Scan(
		&a.Subject, &a.SubjectID, &a.Round, &a.After, &a.Upto, &a.UptoArrival, &a.FromSuspense, &a.Count, &amount,
		&a.FundAccount, &a.Role, &a.Scheme, &a.EffectiveOn, &a.PostedUpto, &a.PostedCount, &a.Done, &a.List)
	if err != nil {
		return a, fmt.Errorf("lock agreement %d: %w", id, err)
	}
	a.Amount = money.Amount(amount)
	return a, nil
}

// Payables implements collection.MoneyTx.
func (t *tx) Payables(ctx context.Context, a collection.Agreement, n int) ([]collection.Payable, error) {
	query := `
		with next as (
			select w.id as at, i.id, i.batch_id, i.member_id, i.year, i.amount, w.value_date as taken_on, 0 as line
			from answer w join withholding_item i on i.area = w.area and i.id = w.item_id
			where w.area = $1 and w.batch_id = $2 and w.disposition = 'recorded' and w.outcome = 'succeeded'
			  and w.id > $3 and w.id <= $4
			order by w.id limit $5)`
	if a.Subject == "terminal_day" {
		query = `
		with next as (
			select r.id as at, r.id, 0::bigint as batch_id, r.member_id, r.year, r.amount, r.paid_on as taken_on, 0 as line
			from terminal_day d join counter_receipt r on r.area = d.area and r.bank = d.bank
				and r.terminal = d.terminal and r.paid_on = d.day and r.fund_account = d.fund_account
			where d.area = $1 and d.id = $2 and r.id > $3 and r.id <= $4
			order by r.id limit $5)`
	}
	if a.Subject == "list" {
		query = `
		with next as (
			select l.id as at, l.id, 0::bigint as batch_id, l.member_id, l.year, l.amount, g.effective_on as taken_on, l.line
			from agreement g join contribution_line l on l.area = g.area and l.list_id = g.subject_id
			where g.area = $1 and g.subject = 'list' and g.subject_id = $2 and l.id > $3 and l.id <= $4
			order by l.id limit $5)`
	}
	rows, err := t.Query(ctx, query+`
		select n.at, n.id, n.batch_id, n.member_id, n.year, n.amount, coalesce(c.amount, 0), coalesce((
			select sum(case when p.red then -p.amount else p.amount end) from posting p
			where p.area = $1 and p.member_id = n.member_id and p.role = 'contribution_individual'
			  and p.year = n.year), 0)::bigint, coalesce(n.taken_on > (`+diedOn("$1", "n.member_id")+`), false),
			exists (select from `+leftFor("n.year")+` e where e.area = $1 and e.member_id = n.member_id), n.line
		from next n left join `+chosenTier+` c on c.area = $1 and c.year = n.year and c.member_id = n.member_id
		order by n.at`, a.Area, a.SubjectID, a.PostedUpto, a.Upto, n)
	if err != nil {
		return nil, fmt.Errorf("payables of agreement %d: %w", a.ID, err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p collection.Payable, err error) {
		var amount, chosen, posted int64
		err = row.Scan(&p.Order, &p.Cause, &p.Batch, &p.Member, &p.Year, &amount, &chosen, &posted, &p.AfterDeath,
			&p.Left, &p.Line)
		p.Amount, p.Chosen, p.Posted = money.Amount(amount), money.Amount(chosen), money.Amount(posted)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("payables of agreement %d: %w", a.ID, err)
	}
	return out, nil
}

// MoveAgreement implements collection.MoneyTx.
func (t *tx) MoveAgreement(ctx context.Context, a collection.Agreement) error {
	_, err := t.Exec(ctx, `
		update agreement_progress set posted_upto = $3, posted_count = $4, done = $5
		where area = $1 and agreement_id = $2`, a.Area, a.ID, a.PostedUpto, a.PostedCount, a.Done)
	if err != nil {
		return fmt.Errorf("move agreement %d: %w", a.ID, err)
	}
	return nil
}

// AddRefundTasks implements collection.MoneyTx.
func (t *tx) AddRefundTasks(
	ctx context.Context, area party.Area, today calendar.Day, tasks []collection.RefundTask,
) error {
	cases := make([]Case, len(tasks))
	for i, r := range tasks {
		_, err := t.Exec(ctx, `
			insert into refund_task (area, cause_id, member_id, year, amount, reason, opened_on)
			values ($1, $2, $3, $4, $5, $6, $7) on conflict (area, cause_id) do nothing`,
			area, r.Cause, r.Member, r.Year, r.Amount.Fen(), string(r.Reason), today)
		if err != nil {
			return fmt.Errorf("open refund task for item %d: %w", r.Cause, err)
		}
		cases[i] = Case{
			Kind: "refund_due", Subject: fmt.Sprintf("item:%d", r.Cause), Bank: "",
			Text: r.Text(),
		}
	}
	return t.OpenCase(ctx, area, cases...)
}

const openArrivalSQL = `
	select v.id, v.fund_account, v.amount, v.direction = 'debit', v.bank_reference, v.value_date, coalesce(v.batch_id, 0),
		coalesce(v.terminal_day, 0), coalesce(v.list_id, 0), f.scheme, f.role, s.arrival_id is not null
	from ` + arrivalKnown + ` v join fund_account f on f.area = v.area and f.id = v.fund_account
	left join arrival_suspense s on s.area = v.area and s.arrival_id = v.id
	where v.area = $1 and not ` + agreedOn

func (t *tx) openArrivals(ctx context.Context, more string, args ...any) ([]collection.StaleArrival, error) {
	rows, err := t.Query(ctx, openArrivalSQL+more+` order by v.id`, args...)
	if err != nil {
		return nil, fmt.Errorf("open arrivals: %w", err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (a collection.StaleArrival, err error) {
		var amount int64
		err = row.Scan(&a.ID, &a.FundAccount, &amount, &a.GivenBack, &a.BankReference, &a.ValueDate, &a.Batch, &a.TerminalDayID,
			&a.List, &a.Scheme, &a.Role, &a.InSuspense)
		a.Amount = money.Amount(amount)
		return a, err
	})
	if err != nil {
		return nil, fmt.Errorf("open arrivals: %w", err)
	}
	return out, nil
}

// StaleArrivals implements collection.SuspenseTx. The batches and terminal days
// concerned are locked first, in rising order of id, so that no agreement takes
// the same money at this moment. Money that was named for a batch meanwhile waits
// for the next look.
func (t *tx) StaleArrivals(
	ctx context.Context, area party.Area, day calendar.Day,
) ([]collection.StaleArrival, error) {
	const stale = ` and s.arrival_id is null and v.business_day <= $2
		and v.business_day > coalesce((select w.settled_through from arrival_watch w where w.area = $1), '-infinity')`
	found, err := t.openArrivals(ctx, stale, area, day)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, t.settledThrough(ctx, area, day)
	}
	batches := make([]int64, 0, len(found))
	days := make([]int64, 0, len(found))
	locked := make(map[int64]bool, len(found))
	for _, a := range found {
		batches, days = append(batches, a.Batch), append(days, a.TerminalDayID)
		locked[a.Batch] = true
	}
	if err := t.lockBatches(ctx, area, batches); err != nil {
		return nil, err
	}
	if err := t.lockTerminalDays(ctx, area, days); err != nil {
		return nil, err
	}
	if err := t.holdUnnamed(ctx, area); err != nil {
		return nil, err
	}
	found, err = t.openArrivals(ctx, stale, area, day)
	return slices.DeleteFunc(found, func(a collection.StaleArrival) bool {
		return !locked[a.Batch]
	}), err
}

// settledThrough says for the next looks that nothing is open up to a week before a
// day: what arrived on those days is agreed or in suspense for good. The week is for
// transactions that began on a day and ended on the next, and for areas that let
// money wait for no day.
func (t *tx) settledThrough(ctx context.Context, area party.Area, day calendar.Day) error {
	_, err := t.Exec(ctx, `
		insert into arrival_watch as w (area, settled_through) values ($1, $2)
		on conflict (area) do update set settled_through = excluded.settled_through
			where w.settled_through < excluded.settled_through`, area, day.AddDays(-7))
	if err != nil {
		return fmt.Errorf("remember what is settled in area %s: %w", area, err)
	}
	return nil
}

// OpenArrivals implements collection.SuspenseTx.
func (t *tx) OpenArrivals(
	ctx context.Context, area party.Area, subject string, id int64,
) ([]collection.StaleArrival, error) {
	if subject == "batch" {
		return t.openArrivals(ctx, ` and v.batch_id = $2`, area, id)
	}
	if subject == "arrival" {
		return t.openArrivals(ctx, ` and v.id = $2`, area, id)
	}
	if subject == "list" {
		return t.openArrivals(ctx, ` and v.list_id = $2`, area, id)
	}
	return t.openArrivals(ctx, ` and v.terminal_day = $2`, area, id)
}

// AddArrivalSuspense implements collection.SuspenseTx.
func (t *tx) AddArrivalSuspense(ctx context.Context, area party.Area, ids []int64, today calendar.Day) error {
	_, err := t.Exec(ctx, `insert into arrival_suspense (area, arrival_id, business_day)
		select $1, unnest($2::bigint[]), $3`, area, ids, today)
	if err != nil {
		return fmt.Errorf("mark %d arrivals as suspense: %w", len(ids), err)
	}
	cases := make([]Case, len(ids))
	for i, id := range ids {
		cases[i] = Case{
			Kind: "arrival_unexplained", Subject: fmt.Sprintf("arrival:%d", id), Bank: "",
			Text: "money arrived and no result or payer explains it; it waits in suspense",
		}
	}
	return t.OpenCase(ctx, area, cases...)
}

// Areas implements collection.WatchTx.
func (t *tx) Areas(ctx context.Context) ([]party.Area, error) {
	rows, err := t.Query(ctx, `select area from area order by area`)
	if err != nil {
		return nil, fmt.Errorf("list areas: %w", err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[party.Area])
	if err != nil {
		return nil, fmt.Errorf("list areas: %w", err)
	}
	return out, nil
}

// SuspenseDays implements collection.WatchTx.
func (t *tx) SuspenseDays(ctx context.Context, area party.Area, day calendar.Day) (int, error) {
	v, err := t.ruleValue(ctx, area, policy.ArrivalSuspenseDays, day)
	if err != nil {
		return 0, err
	}
	return v.ArrivalSuspenseDays()
}

// QuerySilentItems implements collection.WatchTx.
func (t *tx) QuerySilentItems(ctx context.Context, area party.Area, sentBy, today calendar.Day) (int, error) {
	rows, err := t.Query(ctx, `
		select `+batchColumns()+` from withholding_batch
		where area = $1 and created_on <= $2 and state in ('sending', 'sent', 'acked', 'unknown')
		  and succeeded + failed < item_count
		order by id for no key update`, area, sentBy)
	if err != nil {
		return 0, fmt.Errorf("silent batches of area %s: %w", area, err)
	}
	batches, err := pgx.CollectRows(rows, scanBatch)
	if err != nil {
		return 0, fmt.Errorf("silent batches of area %s: %w", area, err)
	}
	asked := 0
	for _, b := range batches {
		tag, err := t.Exec(ctx, `
			insert into bank_query (area, item_id, batch_id, asked_on, asked_at)
			select i.area, i.id, i.batch_id, $3, $4 from withholding_item i
			where i.area = $1 and i.batch_id = $2 and not exists (
				select from bank_query q where q.area = i.area and q.item_id = i.id and q.asked_on = $3)
			  and not exists (
				select from answer a where a.area = i.area and a.item_id = i.id and a.disposition = 'recorded')
			on conflict (area, item_id, asked_on) do nothing`, area, b.ID, today, t.at)
		if err != nil {
			return 0, fmt.Errorf("query items of batch %s: %w", b.Number, err)
		}
		asked += int(tag.RowsAffected())
		if b.State != "unknown" {
			evidence := fmt.Sprintf("%d items without an answer on %s", b.Progress.Open, today)
			if _, err := t.MoveBatch(ctx, b, "unknown", "job", evidence); err != nil {
				return 0, err
			}
		}
		err = t.OpenCase(ctx, area, Case{
			Kind: "bank_silent", Subject: fmt.Sprintf("batch:%d", b.ID), Bank: b.Bank,
			Text: fmt.Sprintf("batch %s has %d items without an answer; ask the bank, send nothing again",
				b.Number, b.Progress.Open),
		})
		if err != nil {
			return 0, err
		}
	}
	return asked, nil
}

// OpenUncleared implements collection.WatchTx.
func (t *tx) OpenUncleared(ctx context.Context, area party.Area, day calendar.Day) error {
	_, err := t.Exec(ctx, `
		insert into exception_case (area, kind, subject, bank, text, opened_on, opened_at)
		select $1, 'uncleared', x.subject, x.bank, x.text, ($3::timestamptz at time zone 'Asia/Shanghai')::date, $3
		from (
			select 'batch:' || id as subject, bank, 'batch ' || batch_no || ': answers and arrived money differ; '
				|| 'nothing beyond the last agreement is posted' as text
			from withholding_batch where area = $1 and created_on <= $2
			  and (succeeded_amount <> agreed_amount or arrived_amount <> agreed_amount)
			union all
			select 'terminal_day:' || d.id, d.bank, 'the receipts of a terminal''s day and the bank''s credit differ'
			from terminal_day d where d.area = $1 and d.day <= $2 and d.amount <> coalesce((
				select sum(g.amount) from agreement g where g.area = d.area and g.subject = 'terminal_day'
				  and g.subject_id = d.id), 0)
			union all
			select 'list:' || a.list_id, '', 'a contribution list is approved and its money did not arrive, or not as it says'
			from contribution_list_approved a where a.area = $1 and (a.approved_at at time zone 'Asia/Shanghai')::date <= $2
			  and not exists (select from agreement g where g.area = a.area and g.subject = 'list' and g.subject_id = a.list_id)
			  and not exists (select from contribution_list_ended e where e.area = a.area and e.list_id = a.list_id)) x
		where not exists (select from exception_case c
			where c.area = $1 and c.kind = 'uncleared' and c.subject = x.subject)
		on conflict (area, kind, subject) do nothing`, area, day, t.at)
	if err != nil {
		return fmt.Errorf("look for uncleared money of area %s: %w", area, err)
	}
	return t.closeCleared(ctx, area)
}

// closeCleared ends the cases whose money and answers agree by now: of batches and
// terminal days, and of money in suspense that an agreement took.
func (t *tx) closeCleared(ctx context.Context, area party.Area) error {
	_, err := t.Exec(ctx, `
		insert into exception_closed (area, case_id, text, closed_by, closed_at)
		select c.area, c.id, 'answers and arrived money agree', 'job', $2
		from exception_case c
		cross join lateral (select split_part(c.subject, ':', 1) as what,
			case when c.subject ~ '^[a-z_]+:[0-9]{1,18}$' then split_part(c.subject, ':', 2)::bigint end as id) k
		where c.area = $1 and c.kind in ('uncleared', 'arrival_unexplained')
		  and not exists (select from exception_closed x where x.area = c.area and x.case_id = c.id)
		  and case k.what
			when 'batch' then exists (select from withholding_batch b where b.area = c.area and b.id = k.id
				and b.succeeded_amount = b.agreed_amount and b.arrived_amount = b.agreed_amount)
			when 'terminal_day' then exists (select from terminal_day d where d.area = c.area and d.id = k.id
				and d.amount = (select sum(g.amount) from agreement g where g.area = d.area and g.subject = 'terminal_day'
					and g.subject_id = d.id))
			when 'list' then exists (select from agreement g where g.area = c.area and g.subject = 'list' and g.subject_id = k.id)
				or exists (select from contribution_list_ended e where e.area = c.area and e.list_id = k.id)
			when 'arrival' then exists (select from `+arrivalKnown+` v where v.area = c.area and v.id = k.id
				and `+agreedOn+`)
			else false end
		on conflict do nothing`, area, t.at)
	if err != nil {
		return fmt.Errorf("close the cases of cleared money of area %s: %w", area, err)
	}
	return nil
}

// Unfinished implements collection.WatchTx.
func (t *tx) Unfinished(ctx context.Context, area party.Area) ([]any, error) {
	rows, err := t.Query(ctx, `
		select 'agreement', p.agreement_id, '' from agreement_progress p
		join agreement g on g.area = p.area and g.id = p.agreement_id
		where p.area = $1 and not p.done and g.agreed_at < $2::timestamptz - interval '10 minutes'
		union all
		select 'receipt', id, kind from receipt
		where area = $1 and state = 'received' and kind <> 'results' and received_at < $2::timestamptz - interval '10 minutes'`,
		area, t.at)
	if err != nil {
		return nil, fmt.Errorf("unfinished work of area %s: %w", area, err)
	}
	var out []any
	var what, kind string
	var id int64
	_, err = pgx.ForEachRow(rows, []any{&what, &id, &kind}, func() error {
		if what == "agreement" {
			out = append(out, collection.AgreementReached{Area: area, Agreement: id})
		} else {
			out = append(out, bank.ReceiptArrived{Area: area, Receipt: id, What: bank.ReceiptKind(kind)})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("unfinished work of area %s: %w", area, err)
	}
	return out, nil
}

// HoldDues implements collection.RunTx.
func (t *tx) HoldDues(ctx context.Context, areas []party.Area, years []int) error {
	if _, err := t.Exec(ctx, holdDuesSQL("pg_advisory_xact_lock"), areaCodes(areas), years); err != nil {
		return fmt.Errorf("hold dues: %w", err)
	}
	return nil
}

func holdDuesSQL(lock string) string {
	return `select ` + lock + `(key) from (
		select distinct hashtextextended('dues ' || u.area || ' ' || u.year, 0) as key
		from unnest($1::int[], $2::int[]) as u (area, year) order by 1) k`
}

// RefuseArrival implements collection.WatchTx.
func (t *tx) RefuseArrival(ctx context.Context, area party.Area, bankCode, reference, reason string) error {
	return t.OpenCase(ctx, area, Case{
		Kind: "arrival_refused", Subject: "bank_reference:" + bankCode + ":" + reference, Bank: bankCode, Text: reason,
	})
}

// Cases implements collection.WatchTx.
func (t *tx) Cases(ctx context.Context, f collection.CaseFilter) ([]collection.Case, error) {
	rows, err := t.Query(ctx, `
		select c.id, c.kind, c.subject, c.bank, c.text, c.opened_on, x.case_id is not null, coalesce(x.text, '')
		from exception_case c left join exception_closed x on x.area = c.area and x.case_id = c.id
		where c.area = $1 and ($2 = '' or c.kind = $2) and (x.case_id is not null) = $3 and c.id > $4
		order by c.id limit $5`, f.Area, f.Kind, f.Closed, f.After, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("list cases of area %s: %w", f.Area, err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowToStructByPos[collection.Case])
	if err != nil {
		return nil, fmt.Errorf("list cases of area %s: %w", f.Area, err)
	}
	return out, nil
}
