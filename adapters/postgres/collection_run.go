package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

type collectionStore struct{ db *DB }

// Collection stores the money in.
func (db *DB) Collection() collection.Store { return collectionStore{db} }

func (s collectionStore) InTx(ctx context.Context, fn func(collection.Tx) error) error {
	return s.db.InTx(ctx, func(t *tx) error { return fn(t) })
}

const partnerSQL = `
	select b.bank, b.bank_no, b.format, b.charset, b.row_limit, f.id, f.account_no
	from bank b join fund_account f on f.area = b.area and f.bank = b.bank and f.role = 'income'
	where b.area = $1 and f.scheme = $2 and ($3::text[] is null or b.bank = any($3)) order by b.bank`

// Partners implements collection.RunTx.
func (t *tx) Partners(
	ctx context.Context, area party.Area, scheme ledger.Scheme, codes []string,
) ([]collection.Partner, error) {
	rows, err := t.Query(ctx, partnerSQL, area, scheme, codes)
	if err != nil {
		return nil, fmt.Errorf("partners of area %s: %w", area, err)
	}
	return collectPartners(rows)
}

func collectPartners(rows pgx.Rows) ([]collection.Partner, error) {
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p collection.Partner, err error) {
		err = row.Scan(&p.Code, &p.BankNo, &p.Format, &p.Charset, &p.RowLimit, &p.FundAccount, &p.AccountNo)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("partners: %w", err)
	}
	return out, nil
}

// AddRun implements collection.RunTx.
func (t *tx) AddRun(
	ctx context.Context, area party.Area, r collection.Run, actor string, day calendar.Day,
) (int64, error) {
	var id int64
	err := t.QueryRow(ctx, `
		insert into withholding_run (area, scheme, year, created_by, created_at, business_day)
		values ($1, $2, $3, $4, $5, $6) returning id`, area, r.Scheme, r.Year, actor, t.at, day).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("add withholding run: %w", err)
	}
	return id, nil
}

// drawsPension is the code of collection.ErrDraws.
const drawsPension = "draws_pension"

// nothingTaken is SQL of the members of area $1 from whom nothing is taken for a year on a day, with the code of
// why: the dead, for as long as the notice stands; who is no member any more; who draws a pension.
func nothingTaken(day, year string) string {
	return `
		select member_id, coalesce(min(code) filter (where code <> '` + drawsPension + `'), '` + drawsPension + `') as code from (
			select x.member_id, 'member_died' as code from death_notice x where x.area = $1 and not exists (
				select from death_withdrawn w where w.area = x.area and w.notice_id = x.id)
			union all
			select e.member_id, 'member_left' from ` + leftFor(year) + ` e where e.area = $1
			union all
			select e.member_id, '` + drawsPension + `' from (
				select distinct on (member_id, component) member_id, amount from entitlement
				where area = $1 and component in ('base_pension', 'account_pension') and from_month <= ` + day + `
				order by member_id, component, from_month desc, id desc) e where e.amount > 0) x
		group by member_id`
}

// dueSQL finds the members of a bank that owe for a year, as collection.CounterDue
// says it, for all of them at once. The last failed item says whether the due may
// be sent again: funds and technical failures at once, account and mandate
// failures once the mandate or instrument is another. The dead, who left and who draws a pension on the day $6 are held, too.
func dueSQL() string {
	return `
	with last as (
		select distinct on (i.member_id) i.member_id, i.attempt, i.mandate_id, i.account_no, a.outcome, a.class
		from withholding_item i
		left join answer a on a.area = i.area and a.item_id = i.id and a.disposition = 'recorded'
		where i.area = $1 and i.year = $2
		order by i.member_id, i.attempt desc),
	posted as (
		select member_id, sum(case when red then -amount else amount end) as amount from posting
		where area = $1 and year = $2 and role = 'contribution_individual' and member_id is not null
		group by member_id),
	counter as (
		select r.member_id, sum(r.amount) as amount from counter_receipt r
		where r.area = $1 and r.year = $2 and ` + notDealtWith("r") + `
		group by r.member_id),
	succeeded as (
		select i.member_id, sum(i.amount) as amount from withholding_item i
		join answer a on a.area = i.area and a.item_id = i.id and a.disposition = 'recorded' and a.outcome = 'succeeded'
		where i.area = $1 and i.year = $2 and ` + notDealtWith("i") + `
		group by i.member_id),
	gone as (` + nothingTaken("$6", "$2") + `),
	listed as (
		select l.member_id, sum(l.amount) as amount from contribution_line l
		where l.area = $1 and l.year = $2 and ` + listInFlight("individual") + `
		group by l.member_id)
	select m.id, c.amount - coalesce(p.amount, 0) - coalesce(k.amount, 0) - coalesce(s.amount, 0) - coalesce(w.amount, 0) as due,
	       coalesce(l.attempt, 0) + 1, d.id, d.number, coalesce(n.bank_no, $5), n.account_no, m.name, m.id_number,
	       m.social_no, m.region,
	       case when g.code is not null then g.code
	            when l.member_id is null or l.outcome = 'succeeded' then ''
	            when l.outcome is null then 'in_flight'
	            when l.class in ('RETRY_FUNDS', 'RETRY_TECHNICAL') then ''
	            when l.class in ('FIX_ACCOUNT', 'BLOCKED') and l.account_no <> n.account_no then ''
	            when l.class = 'FIX_MANDATE' and l.mandate_id <> d.id then ''
	            else l.class end as held
	from ` + chosenTier + ` c
	join member m on m.area = c.area and m.id = c.member_id and m.scheme = $3
	join mandate d on d.area = m.area and d.member_id = m.id and d.ended_on is null and d.bank = $4
	join instrument n on n.area = d.area and n.id = d.instrument_id and n.ended_on is null
	left join last l on l.member_id = m.id
	left join posted p on p.member_id = m.id
	left join counter k on k.member_id = m.id
	left join succeeded s on s.member_id = m.id
	left join listed w on w.member_id = m.id
	left join gone g on g.member_id = m.id
	where c.area = $1 and c.year = $2
	  and c.amount - coalesce(p.amount, 0) - coalesce(k.amount, 0) - coalesce(s.amount, 0) - coalesce(w.amount, 0) > 0
	order by 6, m.region, m.id`
}

// EachDue implements collection.RunTx.
func (t *tx) EachDue(
	ctx context.Context, area party.Area, day calendar.Day, r collection.Run, p collection.Partner,
	fn func(collection.Due) error,
) (map[string]int, error) {
	// Right after a run nothing is known of how much it wrote, and a planner that takes the book for empty
	// reads it again for every member. Hash joins read each part once, whatever its size.
	if _, err := t.Exec(ctx, `set local enable_nestloop = off`); err != nil {
		return nil, fmt.Errorf("prepare dues at %s: %w", p.Code, err)
	}
	rows, err := t.Query(ctx, dueSQL(), area, r.Year, r.Scheme, p.Code, p.BankNo, day)
	if err != nil {
		return nil, fmt.Errorf("dues at %s: %w", p.Code, err)
	}
	held := make(map[string]int)
	var d collection.Due
	var amount int64
	var account, name, idNumber, reason string
	scan := []any{
		&d.Member, &amount, &d.Attempt, &d.Mandate, &d.MandateNo, &d.ClearingBank, &account, &name, &idNumber,
		&d.SocialNo, &d.Region, &reason,
	}
	_, err = pgx.ForEachRow(rows, scan, func() error {
		switch reason {
		case "":
		case "in_flight":
			held[string(bank.ClassUnknown)]++
			return nil
		default:
			held[reason]++
			return nil
		}
		d.Amount = money.Amount(amount)
		d.Name, d.IDNumber, d.Account = party.Stored(name, idNumber, account)
		return fn(d)
	})
	if err != nil {
		return nil, fmt.Errorf("dues at %s: %w", p.Code, err)
	}
	return held, nil
}

// idsOfArea is how many ids an area has for batches and items: an id is the area's
// code times this, and what the area's counter says.
const idsOfArea = 1_000_000_000_000

// NumberBatch implements collection.RunTx. The counters' rows stay locked until the
// batch is committed, so no number is lost or given twice. The area's row is always
// the first: two freezes of an area cannot wait for each other.
func (t *tx) NumberBatch(ctx context.Context, area party.Area, bankCode string, items int) (bank.Numbers, error) {
	n := bank.Numbers{ID: 0, Serial: 0}
	err := t.QueryRow(ctx, `
		with taken as (
			insert into item_counter as c (area, next) values ($1, 2 + $3::bigint)
			on conflict (area) do update set next = c.next + 1 + $3::bigint returning next - 1 - $3::bigint as first)
		insert into batch_counter as c (area, bank, next) select $1, $2, 2 from taken
		on conflict (area, bank) do update set next = c.next + 1
		returning (select $4::bigint + first from taken), next - 1`,
		area, bankCode, items, int64(area)*idsOfArea).Scan(&n.ID, &n.Serial)
	if err != nil {
		return n, fmt.Errorf("number the next batch of %s: %w", bankCode, err)
	}
	return n, nil
}

// AddBatch implements collection.RunTx.
func (t *tx) AddBatch(ctx context.Context, b collection.Batch, items []collection.Item, actor string) error {
	_, err := t.Exec(ctx, `
		insert into withholding_batch (area, id, run_id, scheme, year, bank, clearing_bank, fund_account, batch_no,
			item_count, amount, digest, file_name, file_digest, file_size, created_on, created_at, state, version)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 1)`,
		b.Area, b.ID, b.Run, b.Scheme, b.Year, b.Bank, b.ClearingBank, b.FundAccount, b.Number, b.Count,
		b.Amount.Fen(), b.Digest[:], b.FileName, b.FileDigest[:], b.FileSize, b.CreatedOn, t.at, string(b.State))
	if err != nil {
		return fmt.Errorf("add batch %s: %w", b.Number, err)
	}
	_, err = t.Exec(ctx, `
		insert into batch_event (area, batch_id, version, from_state, to_state, actor, at)
		values ($1, $2, 1, 'ready', $3, $4, $5)`, b.Area, b.ID, string(b.State), actor, t.at)
	if err != nil {
		return fmt.Errorf("add batch %s: %w", b.Number, err)
	}
	columns := []string{
		"area", "id", "batch_id", "seq", "member_id", "year", "attempt", "amount", "mandate_id", "mandate_no",
		"account_no", "name", "id_number", "social_no", "region",
	}
	_, err = t.CopyFrom(ctx, pgx.Identifier{"withholding_item"}, columns,
		pgx.CopyFromSlice(len(items), func(i int) ([]any, error) {
			it := &items[i]
			return []any{
				int32(b.Area), it.ID, it.Batch, int32(it.Seq), it.Member, int16(it.Year), int16(it.Attempt), //nolint:gosec // bounded
				it.Amount.Fen(), it.Mandate, it.MandateNo, it.Account.Plain(), it.Name.Plain(), it.IDNumber.Plain(),
				it.SocialNo, int64(it.Region),
			}, nil
		}))
	if isUnique(err, "withholding_item_area_member_id_year_attempt_key") {
		return collection.ErrContended.With("another run takes these dues at this moment").Because(err)
	}
	if err != nil {
		return fmt.Errorf("freeze items of batch %s: %w", b.Number, err)
	}
	return nil
}

// HoldUnwritable implements collection.RunTx.
func (t *tx) HoldUnwritable(ctx context.Context, area party.Area, bankCode string, members []int64) error {
	cases := make([]Case, len(members))
	for i, m := range members {
		cases[i] = Case{
			Kind: "name_not_encodable", Subject: fmt.Sprintf("member:%d", m), Bank: bankCode,
			Text: "the bank's charset cannot carry the member's name; the item was not sent",
		}
	}
	return t.OpenCase(ctx, area, cases...)
}
