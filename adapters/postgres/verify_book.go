package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/reconcile"
	"twoline/reconcile/proof"
)

// bookChecks prove that the book agrees with itself.
func bookChecks() []check {
	return []check{
		invariant("I1", "every entry is whole: two lines or more, debits equal to credits",
			probe{table: "entry", looks: []string{"entry", "posting"}, sql: wholeEntrySQL()},
		),
		invariant("I2", "the book sums to zero, and sealed balances are the sums of their lines",
			probe{table: "book", looks: []string{"posting"}, sql: trialSQL()},
			probe{table: "sealed_balance", sql: sealedBalanceSQL()},
			probe{table: "sealed_balance", sql: sealedGapSQL},
		),
		invariant("I3", "both sets balance by themselves, and personal accounts are members'",
			probe{table: "entry", looks: []string{"posting"}, sql: setsSQL()},
			probe{table: "posting", sql: memberLineSQL},
		),
		invariant("I4", "a sealed day and a closed month are as they were sealed and closed",
			probe{table: "book", looks: []string{"book"}, sql: sealedDaysSQL},
			probe{table: "sealed_day", run: checkSealedDays},
			probe{table: "sealed_day", sql: sealedOrderSQL},
			probe{table: "sealed_day", looks: []string{"entry", "posting"}, sql: sealedVouchersSQL},
			probe{table: "entry", sql: openWhenBookedSQL},
			probe{table: "period_close", looks: []string{"period_proof", "period_outstanding"}, run: checkClosedPeriods},
			probe{table: "period_close", looks: []string{"period_proof", "period_outstanding"}, sql: keptMonthSQL},
		),
		invariant("I6", "a reversal mirrors its entry once, and a payment comes back once and in full",
			probe{table: "entry", sql: reversalSQL},
			probe{table: "payment_return", sql: returnSQL()},
			probe{table: "hand_payment", sql: handPaymentSQL()},
		),
		invariant("I8", "no account of the fund or of a member stands below zero",
			probe{table: "fund_account", looks: []string{"posting"}, sql: fundFloorSQL()},
			probe{table: "member", looks: []string{"posting"}, sql: memberFloorSQL()},
		),
		invariant("I24", "booking time and business day do not fall while entry ids rise",
			probe{table: "entry", sql: bookingOrderSQL},
		),
		invariant("sum-lines", "a sum line equals its items: same set, account and batch",
			probe{table: "posting", sql: sumLineSQL()},
		),
	}
}

func wholeEntrySQL() string {
	return `
	with lines as (
		select area, entry_id, count(*) as n, min(line) as first, max(line) as last, sum(` + signed + `) as off,
		       min(amount) as least, min(scheme) as scheme, max(scheme) as scheme2, min(kind) as kind,
		           max(kind) as kind2,
		       min(effective_on) as effective_on, max(effective_on) as effective_on2,
		       min(accounted_on) as accounted_on, max(accounted_on) as accounted_on2,
		       bool_and(reversal) as reversal, bool_or(reversal) as reversal2
		  from posting where $1 = 0 or area = $1 group by area, entry_id),
	told as (
		select coalesce(e.area, l.area) as area, coalesce(e.id, l.entry_id) as id, case
		       when e.id is null then 'has ' || l.n || ' lines and no header'
		       when l.n is null then 'has a header and no lines'
		       when l.n < 2 then 'has one line only'
		       when l.n <> e.line_count or l.first <> 1 or l.last <> l.n
		            then 'has ' || l.n || ' lines numbered ' || l.first || ' to ' || l.last || ', its header says '
		                 || e.line_count
		       when l.least <= 0 then 'has a line without an amount'
		       when l.off <> 0 then 'debits exceed credits by ' || ` + yuan("l.off") + `
		       when (l.scheme, l.scheme2) is distinct from (e.scheme, e.scheme)
		            or (l.kind, l.kind2) is distinct from (e.kind, e.kind)
		            or (l.effective_on, l.effective_on2) is distinct from (e.effective_on, e.effective_on)
		            or (l.accounted_on, l.accounted_on2) is distinct from (e.accounted_on, e.accounted_on)
		            or (l.reversal, l.reversal2) is distinct from (e.reverses is not null, e.reverses is not null)
		            then 'has lines that differ from its header in scheme, kind, a date or the mark of a reversal'
		       end as text
		  from (select * from entry where $1 = 0 or area = $1) e
		  full join lines l on l.area = e.area and l.entry_id = e.id)
	select area, id, area || '/' || id, text from told where text is not null`
}

func trialSQL() string {
	return `
	select area, 0, area || ' ' || scheme, 'debits exceed credits by ' || ` + yuan("off") + `
	       || ' over all accounts of the ' || part || ' set'
	  from (select area, scheme, case when role like 'personal%' then 'memorandum' else 'fund' end as part,
	               sum(` + signed + `) as off
	          from posting where $1 = 0 or area = $1 group by 1, 2, 3) b
	 where off <> 0`
}

// Every sealed balance is struck again from the first line of the book on.
func sealedBalanceSQL() string {
	return `
	with moved as (
		select area, scheme, role, case when role in ` + bankRoles + ` then fund_account else 0 end as fund_account,
		       accounted_on as day, sum(case when side <> 'debit' then 0 when red then -amount
		           else amount end) as debit,
		       sum(case when side <> 'credit' then 0 when red then -amount else amount end) as credit,
		       count(*) as lines
		  from posting where $1 = 0 or area = $1 group by 1, 2, 3, 4, 5),
	struck as (
		select s.*, coalesce(m.debit, 0) as debit2, coalesce(m.credit, 0) as credit2, coalesce(m.lines, 0) as lines2,
		       sum(coalesce(m.debit, 0) - coalesce(m.credit, 0))
		           over (partition by s.area, s.scheme, s.role, s.fund_account order by s.day) as closing2
		  from (select * from sealed_balance where $1 = 0 or area = $1) s
		  left join moved m on m.area = s.area and m.scheme = s.scheme and m.role = s.role
		       and m.fund_account = s.fund_account and m.day = s.day)
	select area, day - date '2000-01-01', area || ' ' || scheme || ' ' || role || ' ' || fund_account || ' ' || day,
	       'closes at ' || ` + yuan("closing") + ` || ' after ' || lines || ' lines; its lines give '
	       || ` + yuan("closing2") + ` || ' after ' || lines2
	  from struck
	 where (opening, debit, credit, closing, lines) is distinct from
	       (closing2 - debit2 + credit2, debit2, credit2, closing2, lines2)
	union all
	select m.area, m.day - date '2000-01-01',
	       m.area || ' ' || m.scheme || ' ' || m.role || ' ' || m.fund_account || ' ' || m.day,
	       'is missing, although the day is sealed and has ' || m.lines || ' lines'
	  from moved m
	  join book b on b.area = m.area and b.scheme = m.scheme and m.day <= b.sealed_through
	 where not exists (select from sealed_balance s where s.area = m.area and s.scheme = m.scheme and s.role = m.role
	                      and s.fund_account = m.fund_account and s.day = m.day)`
}

// A balance, once struck, is struck every day; the roles that are no bank account
// from the first day on. A bank account's is under the role that it has.
const sealedGapSQL = `
	select s.area, 0, s.area || ' ' || s.scheme || ' ' || s.role || ' ' || s.fund_account,
	       'has ' || s.n || ' balances from ' || s.first || ' to ' || s.last || ', and the book is sealed from '
	       || b.opened_on || ' through ' || b.sealed_through
	  from (select area, scheme, role, fund_account, count(*) as n, min(day) as first, max(day) as last
	          from sealed_balance where $1 = 0 or area = $1 group by 1, 2, 3, 4) s
	  left join book b on b.area = s.area and b.scheme = s.scheme
	  left join fund_account f on f.area = s.area and f.id = s.fund_account and f.role = s.role
	 where b.area is null or (s.fund_account <> 0) <> (f.id is not null) or s.n <> s.last - s.first + 1
	     or s.last <> b.sealed_through
	    or s.first < b.opened_on or (s.fund_account = 0 and s.first <> b.opened_on)`

// An entry whose total is off is I1's; here the two sets are off by opposite sums.
func setsSQL() string {
	return `
	select area, entry_id, area || '/' || entry_id, 'debits exceed credits by ' || ` + yuan("fund") + `
	       || ' in the fund set and by ' || ` + yuan("-fund") + ` || ' in the memorandum set'
	  from (select area, entry_id, sum(` + signed + `) filter (where role not like 'personal%') as fund,
	               sum(` + signed + `) as off
	          from posting where $1 = 0 or area = $1 group by area, entry_id) e
	 where fund <> 0 and off = 0`
}

// The personal accounts of a book's members add up to its control account; so
// they do by region where each line names one of those members.
const memberLineSQL = `
	select p.area, p.entry_id, p.area || '/' || p.entry_id || ' line ' || p.line,
	       case when p.role = 'personal_control' then 'names a member on the control account'
	            when p.member_id is null then 'credits a personal account and names no member'
	            else 'names member ' || p.member_id || ', who is not in the registry of this area and scheme' end
	  from posting p
	  left join member m on m.area = p.area and m.id = p.member_id
	 where ($1 = 0 or p.area = $1) and p.role like 'personal%'
	   and case when p.role = 'personal_control' then p.member_id is not null
	            else m.id is null or m.scheme <> p.scheme end`

const sealedDaysSQL = `
	select coalesce(b.area, d.area), 0, coalesce(b.area, d.area) || ' ' || coalesce(b.scheme, d.scheme),
	       case when b.area is null then 'has sealed days and no book'
	            else 'is opened on ' || b.opened_on || ' and sealed through ' || b.sealed_through || ', and has '
	                 || coalesce(d.n, 0) || ' sealed days' || coalesce(' from ' || d.first || ' to ' || d.last, '') end
	  from (select * from book where $1 = 0 or area = $1) b
	  full join (select area, scheme, count(*) as n, min(day) as first, max(day) as last
	               from sealed_day where $1 = 0 or area = $1 group by area, scheme) d
	    on d.area = b.area and d.scheme = b.scheme
	 where b.area is null or coalesce(d.n, 0) <> b.sealed_through - b.opened_on + 1
	    or (d.n > 0 and (d.first <> b.opened_on or d.last <> b.sealed_through))`

// Days are sealed one after the other.
const sealedOrderSQL = `
	select area, 0, area || ' ' || scheme || ' ' || day, 'was sealed at ' || sealed_at || ', and a day before it at '
	    || before
	  from (select area, scheme, day, sealed_at, max(sealed_at) over (partition by area, scheme order by day
	               rows between unbounded preceding and 1 preceding) as before
	          from sealed_day where $1 = 0 or area = $1) d
	 where sealed_at < before - ` + apart

// A day's vouchers are counted again. The numbers of those after it rest on them.
const sealedVouchersSQL = `
	select d.area, 0, d.area || ' ' || d.scheme || ' ' || d.day,
	       'was sealed with ' || d.vouchers || ' vouchers and has ' || coalesce(v.n, 0)
	  from (select * from sealed_day where $1 = 0 or area = $1) d
	  left join (select e.area, e.scheme, e.accounted_on, count(*) as n from entry e
	              where ($1 = 0 or e.area = $1) and exists (select from posting p
	                    where p.area = e.area and p.entry_id = e.id and p.role not like 'personal%')
	              group by 1, 2, 3) v
	    on v.area = d.area and v.scheme = d.scheme and v.accounted_on = d.day
	 where d.vouchers <> coalesce(v.n, 0)`

const openWhenBookedSQL = `
	select e.area, e.id, e.area || '/' || e.id, case
	       when b.area is null then 'belongs to no book'
	       when e.accounted_on < b.opened_on then 'is accounted on ' || e.accounted_on || ', before its book begins'
	       else 'was booked at ' || e.booked_at || ', after its day was sealed at ' || d.sealed_at end
	  from entry e
	  left join book b on b.area = e.area and b.scheme = e.scheme
	  left join sealed_day d on d.area = e.area and d.scheme = e.scheme and d.day = e.accounted_on
	 where ($1 = 0 or e.area = $1)
	   and (b.area is null or e.accounted_on < b.opened_on or e.booked_at > d.sealed_at + ` + apart + `)`

// checkSealedDays recomputes the digest of every sealed day. Days without entries
// are most of a young book and are compared by the database.
func checkSealedDays(ctx context.Context, v *verifier, p probe, found *proof.Finding) error {
	rows, err := v.t.Query(ctx, `
		select d.area, d.scheme, d.day, d.entries, d.digest, coalesce(e.n, 0) = 0
		       and d.digest = sha256(convert_to(concat_ws(' ', 'twoline day 1', d.area, d.scheme, d.day) || E'\n',
		           'UTF8'))
		  from sealed_day d
		  left join (select area, scheme, accounted_on, count(*) as n from entry where $1 = 0 or area = $1
		              group by 1, 2, 3) e on e.area = d.area and e.scheme = d.scheme and e.accounted_on = d.day
		 where $1 = 0 or d.area = $1 order by d.area, d.scheme, d.day`, int32(v.area))
	if err != nil {
		return err
	}
	type day struct {
		area   party.Area
		scheme ledger.Scheme
		sealed ledger.SealedDay
	}
	var days []day
	var d day
	var digest []byte
	var empty bool
	_, err = pgx.ForEachRow(rows, []any{&d.area, &d.scheme, &d.sealed.Day, &d.sealed.Entries, &digest, &empty},
		func() error {
			if !empty || d.sealed.Entries != 0 {
				copy(d.sealed.Digest[:], digest)
				days = append(days, d)
			}
			return nil
		})
	if err != nil {
		return err
	}
	for _, d := range days {
		now, err := v.t.DayDigest(ctx, d.area, d.scheme, d.sealed.Day)
		if err != nil {
			return err
		}
		if now == d.sealed {
			continue
		}
		text := "the day's rows no longer give the digest that it was sealed with"
		if now.Entries != d.sealed.Entries {
			text = fmt.Sprintf("was sealed with %d entries and has %d", d.sealed.Entries, now.Entries)
		}
		found.Add(proof.Breach{
			Area: d.area, Table: p.table, Row: fmt.Sprintf("%s %s %s", d.area, d.scheme, d.sealed.Day), Text: text,
		})
	}
	return nil
}

// checkClosedPeriods computes the digest of every closed month again: from its
// sealed balances, and from the statement that was kept with it. A month that was
// closed before statements were kept has the digest of its balances alone.
func checkClosedPeriods(ctx context.Context, v *verifier, p probe, found *proof.Finding) error {
	rows, err := v.t.Query(ctx, `
		select area, fund_account, month, closing, digest from period_close
		where $1 = 0 or area = $1 order by area, fund_account, month`, int32(v.area))
	if err != nil {
		return err
	}
	closes, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c ledger.ClosedPeriod, err error) {
		var closing int64
		var digest []byte
		err = row.Scan(&c.Area, &c.Account, &c.Month, &closing, &digest)
		c.Closing = money.Amount(closing)
		copy(c.Digest[:], digest)
		return c, err
	})
	if err != nil {
		return err
	}
	for _, c := range closes {
		text, err := v.closeAgain(ctx, c)
		if err != nil {
			return err
		}
		if text != "" {
			found.Add(proof.Breach{
				Area: c.Area, Table: p.table, Row: fmt.Sprintf("%s/%d %s", c.Area, c.Account, c.Month), Text: text,
			})
		}
	}
	return nil
}

// closeAgain says what of a closed month is not as it was closed, or nothing.
func (v *verifier) closeAgain(ctx context.Context, c ledger.ClosedPeriod) (string, error) {
	a, err := v.t.LoadFundAccount(ctx, c.Area, c.Account)
	if errors.Is(err, ledger.ErrNoFundAccount) {
		return "is of an account that is not there", nil
	}
	if err != nil {
		return "", err
	}
	account := reconcile.Account{Area: c.Area, ID: c.Account}
	begun, err := v.t.FirstSealed(ctx, account)
	if err != nil {
		return "", err
	}
	sealed, err := v.t.SealedMonth(ctx, c.Area, c.Account, c.Month)
	if err != nil {
		return "", err
	}
	now, err := ledger.ClosePeriod(a, c.Month, begun, sealed, false)
	if err != nil {
		return "could not be closed as it stands: " + err.Error(), nil //nolint:nilerr // a finding, no failure
	}
	table, kept, err := v.t.ClosedTable(ctx, account, c.Month)
	if err != nil {
		return "", err
	}
	digest := now.Digest
	if kept {
		a.Name = table.Holder.Name
		table.Holder = a
		digest = table.Seal(now.Digest)
	}
	switch {
	case now.Closing != c.Closing:
		return fmt.Sprintf("was closed at %s, its sealed balances give %s", c.Closing, now.Closing), nil
	case kept && table.Number != reconcile.NumberDigest(a):
		return "was closed for an account of another number", nil
	case kept && table.Closed.Balances != now.Digest:
		return "its sealed balances no longer give the digest that is kept of them", nil
	case digest != c.Digest && kept:
		return "its sealed balances and its statement no longer give the digest that it was closed with", nil
	case digest != c.Digest:
		return "its sealed balances no longer give the digest that it was closed with", nil
	case kept && (table.BookClosing != c.Closing || table.Sum() != nil):
		return "its statement does not add up", nil //nolint:nilerr // a finding, no failure
	}
	return "", nil
}

// keptMonthSQL finds a month that was closed while the one before it was open, a kept
// statement of a month that is open, and lines that are not those of a statement.
const keptMonthSQL = `
	select c.area, c.fund_account, c.area || '/' || c.fund_account || ' ' || to_char(c.month, 'YYYY-MM'),
	       'was closed, and the month before it was not'
	  from (select *, lag(month) over (partition by area, fund_account order by month) as before from period_close
	         where $1 = 0 or area = $1) c
	 where c.before is not null and c.before <> (c.month - interval '1 month')::date
	union all
	select p.area, p.fund_account, p.area || '/' || p.fund_account || ' ' || to_char(p.month, 'YYYY-MM'),
	       'has the statement of a close and is open'
	  from period_proof p
	 where ($1 = 0 or p.area = $1) and not exists (select from period_close c
	       where c.area = p.area and c.fund_account = p.fund_account and c.month = p.month)
	union all
	select o.area, o.fund_account, o.area || '/' || o.fund_account || ' ' || to_char(o.month, 'YYYY-MM'),
	       'has line ' || o.ordinal || ' of ' || o.side || ' where line ' || o.n || ' is due'
	  from (select *, row_number() over (partition by area, fund_account, month, side order by ordinal) as n
	          from period_outstanding where $1 = 0 or area = $1) o
	 where o.ordinal <> o.n
	union all
	select o.area, o.fund_account, o.area || '/' || o.fund_account || ' ' || to_char(o.month, 'YYYY-MM'),
	       'has a line of a statement that was not kept'
	  from period_outstanding o
	 where ($1 = 0 or o.area = $1) and not exists (select from period_proof p
	       where p.area = o.area and p.fund_account = o.fund_account and p.month = o.month)`

const reversalSQL = `
	select e.area, e.id, e.area || '/' || e.id, case
	       when o.id is null then 'reverses entry ' || e.reverses || ', which does not exist'
	       when o.id >= e.id then 'reverses entry ' || o.id || ', which was booked after it'
	       when n.times > 1 then 'reverses entry ' || o.id || ', which others reverse too'
	       else 'does not mirror entry ' || o.id || ' line by line in red' end
	  from entry e
	  left join entry o on o.area = e.area and o.id = e.reverses
	  join (select area, reverses, count(*) as times from entry where reverses is not null group by 1, 2) n
	    on n.area = e.area and n.reverses = e.reverses
	 where ($1 = 0 or e.area = $1) and e.reverses is not null
	   and (o.id is null or o.id >= e.id or n.times > 1 or o.scheme <> e.scheme or o.kind <> e.kind
	        or o.line_count <> e.line_count or exists (
	            select from (select * from posting where area = e.area and entry_id = e.id) p
	              full join (select * from posting where area = e.area and entry_id = o.id) q on q.line = p.line
	             where p.line is null or q.line is null or (q.side, q.role, q.amount, q.nature, not q.red,
	                 q.fund_account,
	                   q.batch_id, q.cause_id, q.member_id, q.year) is distinct from (p.side, p.role, p.amount,
	                       p.nature,
	                   p.red, p.fund_account, p.batch_id, p.cause_id, p.member_id, p.year)))`

func fundFloorSQL() string {
	return `
	with moved as (
		select area, fund_account, role, accounted_on as day, sum(` + signed + `) as amount from posting
		 where ($1 = 0 or area = $1) and role in ` + bankRoles + ` group by 1, 2, 3, 4),
	running as (
		select area, fund_account, role, day,
		       sum(amount) over (partition by area, fund_account, role order by day) as balance from moved)
	select distinct on (area, fund_account, role) area, fund_account, area || '/' || fund_account,
	       'the ' || role || ' account stands at ' || ` + yuan("balance") + ` || ' after ' || day
	  from running where balance < 0 order by area, fund_account, role, day`
}

func memberFloorSQL() string {
	return `
	select area, member_id, area || '/' || member_id, role || ' stands at ' || ` + yuan("-balance") + `
	  from (select area, member_id, role, sum(` + signed + `) as balance from posting
	         where ($1 = 0 or area = $1) and member_id is not null and role like 'personal%' group by 1, 2, 3) m
	 where balance > 0`
}

// Ids are taken and instants read while transactions run side by side, so both may
// fall by as much as one transaction lasts, and the business day by one.
const bookingOrderSQL = `
	with before as (
		select area, id, booked_at, accounted_on,
		       max(booked_at) over (partition by area order by id rows between unbounded preceding
		           and 1 preceding) as at,
		       max(accounted_on) over (partition by area, scheme order by id
		           rows between unbounded preceding and 1 preceding) as day
		  from entry where $1 = 0 or area = $1)
	select area, id, area || '/' || id, case
	       when booked_at < at - ` + apart + ` then 'was booked at ' || booked_at
	           || ', but an entry with a lower id at ' || at
	       else 'is accounted on ' || accounted_on || ', but an entry with a lower id on ' || day end
	  from before where booked_at < at - ` + apart + ` or accounted_on < day - 1`

func sumLineSQL() string {
	return `
	with parts as (
		select area, entry_id, role like 'personal%' as memo, coalesce(fund_account, 0) as account,
		       coalesce(batch_id, 0) as batch, sum(` + signed + `) filter (where nature = 'sum') as sums,
		       sum(` + signed + `) filter (where nature = 'item') as items,
		       count(*) filter (where nature = 'sum') as n, min(line) as line
		  from posting where ($1 = 0 or area = $1) and nature <> 'direct' group by 1, 2, 3, 4, 5)
	select area, entry_id, area || '/' || entry_id || ' line ' || line, case
	       when n > 1 then 'is one of ' || n || ' sum lines for the same items'
	       else 'a sum line of ' || ` + yuan("abs(coalesce(sums, 0))") + ` || ' stands for items of '
	            || ` + yuan("abs(coalesce(items, 0))") + ` end
	  from parts where coalesce(sums, 0) + coalesce(items, 0) <> 0 or n <> 1`
}
