package main

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"twoline/adapters/bank/simbank"
	"twoline/gateway/money"
)

// yearBooks is what two lives of the same months must have in common to the fen and
// to the byte. Ids are compared where a bank sees them.
type yearBooks struct {
	// Days are the lines of the book: how many, and their sum, by day, kind, role,
	// side and account. A sum line stands for as many items as were booked at once.
	Days []string
	// Members are what stands in each member's account, by part.
	Members []string
	// Files are the files for the banks, in the order of their numbers, by id, name,
	// count, amount and the digests of their items and of their bytes.
	Files []string
	// Payments and Debits are what became of each attempt.
	Payments []string
	Debits   []string
	Runs     []string
	Returns  []string
	Receipts []string
	Accounts []string
	Closed   []string
}

func readYear(ctx context.Context, c *pgx.Conn) (yearBooks, error) {
	var b yearBooks
	for _, q := range []struct {
		into *[]string
		sql  string
	}{
		{&b.Days, `select concat_ws(' ', p.accounted_on, p.effective_on, p.kind, p.role, p.side, p.nature, p.red, f.account_no,
				case when p.nature = 'item' then count(*) end, sum(p.amount))
			from posting p left join fund_account f on f.area = p.area and f.id = p.fund_account
			group by p.accounted_on, p.effective_on, p.kind, p.role, p.side, p.nature, p.red, f.account_no order by 1`},
		{&b.Members, `select concat_ws(' ', m.social_no, p.role, count(*),
				sum(case when (p.side = 'credit') <> p.red then p.amount else -p.amount end))
			from posting p join member m on m.area = p.area and m.id = p.member_id group by m.social_no, p.role order by 1`},
		{&b.Files, `select concat_ws(' ', bank, batch_no, id, file_name, created_on, item_count, amount, state, version,
				encode(digest, 'hex'), encode(file_digest, 'hex')) from (
				select bank, batch_no, id, file_name, created_on, item_count, amount, state, 0 as version, digest, file_digest
				from withholding_batch
				union all
				select bank, batch_no, id, file_name, created_on, item_count, amount, state, 0, digest, file_digest
				from payment_batch) b order by 1`},
		{&b.Payments, `select concat_ws(' ', i.id, m.social_no, i.month, i.cause, i.attempt, i.amount, i.replaces, i.from_suspense,
				a.outcome, a.class, a.value_date, a.bank_reference, count(*))
			from payment_item i join member m on m.area = i.area and m.id = i.member_id
			left join answer a on a.area = i.area and a.item_id = i.id and a.disposition = 'recorded'
			group by i.area, i.id, m.social_no, a.outcome, a.class, a.value_date, a.bank_reference order by 1`},
		{&b.Debits, `select concat_ws(' ', i.id, m.social_no, i.year, i.attempt, i.amount, a.outcome, a.class, a.value_date,
				a.bank_reference, count(*))
			from withholding_item i join member m on m.area = i.area and m.id = i.member_id
			left join answer a on a.area = i.area and a.item_id = i.id and a.disposition = 'recorded'
			group by i.area, i.id, m.social_no, a.outcome, a.class, a.value_date, a.bank_reference order by 1`},
		{&b.Runs, `select concat_ws(' ', month, kind, ordinal, state, version, item_count, amount, pay_day, handover_due,
				released_on) from pay_run order by 1`},
		{&b.Returns, `select concat_ws(' ', r.item_id, r.amount, r.class, r.value_date, k.business_day) from payment_return r
			left join payment_return_booked k on k.area = r.area and k.return_id = r.id order by 1`},
		{&b.Receipts, `select concat_ws(' ', m.social_no, r.amount) from counter_receipt r
			join member m on m.area = r.area and m.id = r.member_id order by 1`},
		{&b.Accounts, `select concat_ws(' ', f.account_no, coalesce(sum(case when (p.side = 'debit') <> p.red then p.amount
				else -p.amount end), 0))
			from fund_account f left join posting p on p.area = f.area and p.fund_account = f.id and p.role = f.role
			group by f.account_no order by 1`},
		{&b.Closed, `select concat_ws(' ', f.account_no, p.month) from period_close p
			join fund_account f on f.area = p.area and f.id = p.fund_account order by 1`},
	} {
		rows, err := c.Query(ctx, q.sql)
		if err != nil {
			return b, err
		}
		if *q.into, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			return b, fmt.Errorf("%s: %w", q.sql, err)
		}
	}
	return b, nil
}

// proveBanks compares the books with what the banks know independently: who was
// paid and debited how often, and what lies on the fund accounts.
func (y *yearTown) proveBanks(t *testing.T, l yearLived) {
	t.Helper()
	customer := func(v villager, number string) (c simbank.Customer) {
		bank := l.banks[0]
		if v.bank == rcc {
			bank = l.banks[1]
		}
		var err error
		bank.Ledger(func(led *simbank.Ledger) { c, err = led.Customer(number) })
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for i, v := range l.people {
		c := customer(v, v.account)
		if _, changed := yearTroubled()[i]; changed {
			other := customer(v, newNumber(v, i))
			c.Credits, c.Credited = c.Credits+other.Credits, c.Credited+other.Credited
		}
		debits, credits := 1, l.months
		if i >= yearPayers {
			debits = 0
		} else {
			credits = 0
		}
		if v.state != simbank.Normal && i < yearPayers {
			debits = 0
		}
		if c.Debits != debits || c.Debited != money.Amount(debits)*v.tier {
			t.Errorf("member %s was debited %d times, %s in all; want %d times", v.socialNo, c.Debits, c.Debited, debits)
		}
		if c.Credits != credits || c.Credited != money.Amount(credits)*55_00 {
			t.Errorf("member %s was paid %d times, %s in all; want %d times", v.socialNo, c.Credits, c.Credited, credits)
		}
	}
	var want []string
	for _, number := range []string{coopIncome, coopPayout, postIncome, postFiscal, postPayout} {
		bank := l.banks[0]
		if number == coopIncome || number == coopPayout {
			bank = l.banks[1]
		}
		var fund simbank.Fund
		var err error
		bank.Ledger(func(led *simbank.Ledger) { fund, err = led.Fund(number) })
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, fmt.Sprintf("%s %d", number, fund.Balance.Fen()))
	}
	if diff := cmp.Diff(want, l.year.Accounts); diff != "" {
		t.Errorf("fund accounts differ (-banks +book):\n%s", diff)
	}
	for _, b := range l.banks {
		if s := b.Status(); s.Sum != 0 || s.Queued != 0 || s.Open != 0 || s.Returning != 0 {
			t.Errorf("a bank ended with %+v", s)
		}
	}
}
