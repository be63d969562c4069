package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/report"
)

// numbered is SQL that numbers the entries of a span ($1 to $4) that touch the fund,
// in their order: those of the days on which so many ($6) after a number ($5) stand.
// The seals count what stands before; days that are not sealed come last, and whole.
const numbered = `
	select e.id, e.accounted_on, (f.vouchers + row_number() over (order by e.accounted_on, e.id))::int as n
	  from (select coalesce(max(d.day) filter (where d.upto <= $5), $3::date - 1) as after,
	               coalesce(max(d.upto) filter (where d.upto <= $5), 0) as vouchers,
	               coalesce(min(d.day) filter (where d.upto >= $5::bigint + $6), $4) as through
	          from (select day, sum(vouchers) over (order by day) as upto from sealed_day
	                 where area = $1 and scheme = $2 and day between $3 and $4) d) f
	  join entry e on e.area = $1 and e.scheme = $2 and e.accounted_on > f.after and e.accounted_on <= f.through
	 where exists (select from posting p where p.area = e.area and p.entry_id = e.id and p.role not like 'personal%')`

// Vouchers implements report.Tx. The lines of an entry are summed here, so that a
// list of thousands of persons is a handful of lines.
func (t *tx) Vouchers(ctx context.Context, s report.Span, after, limit int) ([]report.Voucher, error) {
	rows, err := t.Query(ctx, `
		with page as (
			select n.id, n.n from (`+numbered+`) n
			 where n.n > $5 order by n.accounted_on, n.id limit $6),
		line as (
			select v.n, v.id, p.side, p.role,
			       case when p.role in ('income', 'fiscal_special', 'fixed_deposit', 'expenditure', 'treasury')
			            then p.fund_account else 0 end as account,
			       sum(case when p.red then -p.amount else p.amount end)::bigint as amount
			  from page v join posting p on p.area = $1 and p.entry_id = v.id
			 where p.role not like 'personal%'
			 group by 1, 2, 3, 4, 5),
		items as (
			select v.id, count(distinct p.cause_id)::int as items, min(p.batch_id) as batch
			  from page v join posting p on p.area = $1 and p.entry_id = v.id
			 where p.role not like 'personal%'
			 group by 1)
		select l.n, e.id, e.accounted_on, e.effective_on, e.kind, e.reverses is not null, e.text, e.cause, e.actor,
		       coalesce(w.batch_no, b.batch_no, ''), i.items, l.side, l.role, coalesce(c.code, ''),
		       coalesce(c.name_zh, l.role), coalesce(c.name_en, l.role), l.account, coalesce(f.bank, ''),
		       coalesce(f.account_no, ''), l.amount
		  from line l
		  join entry e on e.area = $1 and e.id = l.id
		  join items i on i.id = l.id
		  left join fund_account f on f.area = $1 and f.id = l.account
		  left join withholding_batch w on w.area = $1 and w.id = i.batch
		  left join payment_batch b on b.area = $1 and b.id = i.batch
		  left join lateral (
			select c.code, c.name_zh, c.name_en from chart_account c
			 where c.area in ($1, 0) and c.scheme in ($2, '') and c.role = l.role and c.effective_from <= e.accounted_on
			 order by c.area desc, c.scheme desc, c.effective_from desc limit 1) c on true
		 order by l.n, l.side desc, c.code, l.role, l.account`,
		s.Area, s.Scheme, s.From, s.To, after, limit)
	if err != nil {
		return nil, fmt.Errorf("vouchers of area %s: %w", s.Area, err)
	}
	var out []report.Voucher
	var v report.Voucher
	var l report.VoucherLine
	var side ledger.Side
	var text, number string
	var amount int64
	_, err = pgx.ForEachRow(rows, []any{
		&v.Number, &v.Entry, &v.AccountedOn, &v.EffectiveOn, &v.Kind, &v.Reversal, &text, &v.Cause, &v.MadeBy,
		&v.Batch, &v.Items, &side, &l.Account.Role, &l.Account.Code, &l.Account.Chinese, &l.Account.English,
		&l.FundAccount, &l.Bank, &number, &amount,
	}, func() error {
		if len(out) == 0 || out[len(out)-1].Number != v.Number {
			v.Document = report.Document(v.Cause, text)
			out = append(out, v)
		}
		l.Number, l.Debit, l.Credit = "", 0, 0
		if l.FundAccount != 0 {
			_, _, no := party.Stored("", "", number)
			l.Number = no.String()
		}
		if side == ledger.Debit {
			l.Debit = money.Amount(amount)
		} else {
			l.Credit = money.Amount(amount)
		}
		last := &out[len(out)-1]
		last.Lines = append(last.Lines, l)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("vouchers of area %s: %w", s.Area, err)
	}
	return out, nil
}

// VoucherTotals implements report.Tx: what the seals struck, and the lines since.
func (t *tx) VoucherTotals(ctx context.Context, s report.Span) (report.VoucherTotals, error) {
	var totals report.VoucherTotals
	var debit, credit int64
	err := t.QueryRow(ctx, `
		with sealed as (
			select max(day) as through, coalesce(sum(vouchers), 0) as n from sealed_day
			 where area = $1 and scheme = $2 and day between $3 and $4),
		open as (
			select count(distinct e.id) as n,
			       sum(case when p.red then -p.amount else p.amount end) filter (where p.side = 'debit') as debit,
			       sum(case when p.red then -p.amount else p.amount end) filter (where p.side = 'credit') as credit
			  from entry e join posting p on p.area = e.area and p.entry_id = e.id
			 where e.area = $1 and e.scheme = $2 and e.accounted_on <= $4
			   and e.accounted_on > coalesce((select through from sealed), $3::date - 1) and p.role not like 'personal%')
		select s.n + o.n, (coalesce(b.debit, 0) + coalesce(o.debit, 0))::bigint,
		       (coalesce(b.credit, 0) + coalesce(o.credit, 0))::bigint
		  from sealed s, open o, (
			select sum(debit) as debit, sum(credit) as credit from sealed_balance
			 where area = $1 and scheme = $2 and day between $3 and $4 and role not like 'personal%') b`,
		s.Area, s.Scheme, s.From, s.To).Scan(&totals.Count, &debit, &credit)
	if err != nil {
		return totals, fmt.Errorf("voucher totals of area %s: %w", s.Area, err)
	}
	totals.Debit, totals.Credit = money.Amount(debit), money.Amount(credit)
	return totals, nil
}
