package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"twoline/adapters/postgres"
	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/calendar"
	"twoline/gateway/fundtransfer"
	"twoline/gateway/ledger"
	"twoline/reconcile/proof"
)

func TestVerifyIsCleanAfterFiveWeeks(t *testing.T) {
	t.Parallel()
	db, _ := cloneWorld(t)
	r := verify(t, db)
	for _, f := range r.Findings {
		t.Logf("%-14s %6d rows %3d breaches %s", f.ID, f.Rows, f.Total, f.Elapsed)
		for _, b := range f.Breaches {
			t.Errorf("%s", b)
		}
		if f.Rows == 0 {
			t.Errorf("%s looked at no row: the five weeks prove nothing about it", f.ID)
		}
	}
}

func TestVerifyTellsItsProgressAndNarrowsToAnArea(t *testing.T) {
	t.Parallel()
	db, d := cloneWorld(t)
	d.Exec(t, `update posting set amount = amount + 1 where line = 1 and entry_id = `+lastContribution)
	var told []string
	r, err := db.Verify(context.Background(), postgres.Verification{
		Area: 999999, Progress: func(id string, done, total int) { told = append(told, fmt.Sprint(id, done, total)) },
	})
	if err != nil || !r.Clean() {
		t.Fatalf("another area is breached: %v, %v", r.Breached(), err)
	}
	list := postgres.Invariants()
	if len(told) != len(list)+1 || told[0] != fmt.Sprint(list[0].ID, 0, len(list)) {
		t.Fatalf("progress was told %v", told)
	}
	for i, f := range r.Findings {
		if f.ID != list[i].ID || f.Title == "" {
			t.Errorf("finding %d is %q, want %q", i, f.ID, list[i].ID)
		}
	}
	r, err = db.Verify(context.Background(), postgres.Verification{Area: proofArea})
	if err != nil || r.Clean() {
		t.Fatalf("the area itself is clean: %v", err)
	}
}

func TestVerifyNamesTenRowsAndCountsAll(t *testing.T) {
	t.Parallel()
	db, d := cloneWorld(t)
	d.Exec(t, `update entry set line_count = line_count + 1`)
	f, _ := verify(t, db).Find("I1")
	var entries int64
	(&proofWorld{t: t, d: d}).ask(`select count(*) from entry`, &entries)
	if len(f.Breaches) != 10 || f.Total != entries {
		t.Fatalf("%d breaches named of %d, want 10 of %d", len(f.Breaches), f.Total, entries)
	}
	for i := 1; i < len(f.Breaches); i++ {
		if f.Breaches[i-1].Row >= f.Breaches[i].Row {
			t.Errorf("row %s is named before %s", f.Breaches[i-1].Row, f.Breaches[i].Row)
		}
	}
}

// The rows that corruptions aim at: April is open, March is sealed.
const (
	lastContribution = `(select max(id) from entry where kind = 'contribution')`
	lastSweep        = `(select max(id) from entry where kind = 'sweep' and reverses is null)`
	sentBatch        = `(select max(id) from withholding_batch where clearing_bank like '402%')`
)

// corruption is something done behind the triggers' back, as the superuser.
type corruption struct {
	// id is the invariant that must turn red; also those that must with it.
	id   string
	also []string
	name string
	sql  []string
	do   func(t *testing.T, d pgtest.Database)
	// row is SQL for the key of the first offending row, text a part of the sentence.
	row, text string
}

func corruptions() []corruption {
	return slices.Concat(bookCorruptions(), moreBookCorruptions(), itemCorruptions(), batchCorruptions(),
		fileCorruptions(),
		peopleCorruptions(), policyCorruptions(), schemaCorruptions(), sideCorruptions(), breakCorruptions(), accountCorruptions(), subsidyCorruptions(), lifeCorruptions(), alonePayments())
}

func entryRow(id string) string { return `'610305/' || ` + id }

func bookCorruptions() []corruption {
	return []corruption{
		{
			id: "I1", name: "header says another number of lines",
			sql: []string{`update entry set line_count = 9 where id = ` + lastContribution},
			row: entryRow(lastContribution), text: "has 6 lines numbered 1 to 6, its header says 9",
		},
		{
			id: "I1", name: "line of another day",
			sql: []string{`update posting set accounted_on = accounted_on + 1 where line = 1
			    and entry_id = ` + lastContribution},
			row: entryRow(lastContribution), text: "differ from its header",
		},
		{
			id: "I1", also: []string{"I2", "sum-lines"}, name: "one fen more on a sum line",
			sql: []string{`update posting set amount = amount + 1 where role = 'income'
			    and entry_id = ` + lastContribution},
			row: entryRow(lastContribution), text: "debits exceed credits by 0.01",
		},
		{
			id: "I1", name: "lines without header",
			sql:  []string{`delete from entry where id = ` + lastContribution},
			row:  `'610305/' || max(p.entry_id) from posting p where p.kind = 'contribution'`,
			text: "has 6 lines and no header",
		},
		{
			id: "I2", name: "sealed balance moved",
			sql: []string{`update sealed_balance set debit = debit + 5, closing = closing + 5
				where role = 'suspense' and day = '2011-03-20'`},
			row: `'610305 rural suspense 0 2011-03-20'`, text: "its lines give",
		},
		{
			id: "I2", name: "sealed balance missing in the middle",
			sql: []string{`delete from sealed_balance where role = 'suspense' and day = '2011-03-05'`},
			row: `'610305 rural suspense 0'`, text: "has 30 balances from 2011-03-01 to 2011-03-31",
		},
		{
			id: "I2", name: "sealed balance missing on a day with lines",
			sql: []string{`delete from sealed_balance where role = 'suspense' and day = '2011-03-10'`},
			row: `'610305 rural suspense 0 2011-03-10'`, text: "is missing, although the day is sealed",
		},
		{
			id: "I3", name: "personal account of another scheme's member",
			sql: []string{`update member set scheme = 'urban' where id = 1010`},
			row: `min('610305/' || entry_id || ' line ' || line) from posting where member_id = 1010
			    and role like 'personal%'`,
			text: "names member 1010, who is not in the registry of this area and scheme",
		},
		{
			id: "I3", also: []string{"I2", "I11"}, name: "sets off by opposite sums",
			sql: []string{
				`insert into posting select area, entry_id, 7, scheme, kind, effective_on, accounted_on, 'debit',
					'personal_control', 'direct', false, false, 5 from posting where line = 1
					    and entry_id = ` + lastContribution,
				`insert into posting select area, entry_id, 8, scheme, kind, effective_on, accounted_on, 'credit',
					'fund_balance', 'direct', false, false, 5 from posting where line = 1
					    and entry_id = ` + lastContribution,
				`update entry set line_count = 8 where id = ` + lastContribution,
			},
			row: entryRow(lastContribution), text: "by -0.05 in the fund set and by 0.05 in the memorandum set",
		},
		{
			id: "I4", name: "sealed day's entry reworded",
			sql: []string{`update entry set text = replace(text, ', 5 items', ', 6 items')
			    where text like '%, 5 items'`},
			row: `'610305 rural 2011-03-10'`, text: "no longer give the digest",
		},
		{
			id: "I4", name: "digest of an empty day", sql: []string{`update sealed_day set digest = sha256('x')
			    where day = '2011-03-20'`},
			row: `'610305 rural 2011-03-20'`, text: "no longer give the digest",
		},
		{
			id: "I4", name: "vouchers of a sealed day", sql: []string{`update sealed_day set vouchers = vouchers + 1
			    where day = '2011-03-10'`},
			row: `'610305 rural 2011-03-10'`, text: "was sealed with 4 vouchers and has 3",
		},
		{
			id: "I4", name: "closed month", sql: []string{`update period_close set closing = closing + 1
				where fund_account = (select id from fund_account where role = 'income')`},
			row: `'610305/' || id || ' 2011-03' from fund_account where role = 'income'`, text: "was closed at 0.01",
		},
		{
			id: "I4", name: "closed month's line", sql: []string{`update period_outstanding set bank_reference = 'X'
				where (fund_account, side, ordinal) = (select fund_account, side, ordinal from period_outstanding limit 1)`},
			row:  `'610305/' || fund_account || ' 2011-03' from period_outstanding where bank_reference = 'X'`,
			text: "its sealed balances and its statement no longer give the digest",
		},
		{
			id: "I4", name: "closed month's owner", sql: []string{`update period_outstanding set owner = 'nobody'
				where (fund_account, side, ordinal) = (select fund_account, side, ordinal from period_outstanding limit 1)`},
			row:  `'610305/' || fund_account || ' 2011-03' from period_outstanding where owner = 'nobody'`,
			text: "its sealed balances and its statement no longer give the digest",
		},
		{
			id: "I4", name: "closed month's matched day", sql: []string{
				`update period_proof set matched_through = '2011-03-30' where fund_account = (select id from fund_account where role = 'income')`,
			},
			row:  `'610305/' || id || ' 2011-03' from fund_account where role = 'income'`,
			text: "its sealed balances and its statement no longer give the digest",
		},
		{
			id: "I4", also: []string{"I25"}, name: "closed month reopened", sql: []string{
				`delete from period_close where fund_account = (select id from fund_account where role = 'income')`,
			},
			row:  `'610305/' || id || ' 2011-03' from fund_account where role = 'income'`,
			text: "has the statement of a close and is open",
		},
		{
			id: "I4", also: []string{"I2"}, name: "a day unsealed", sql: []string{
				`update book set sealed_through = sealed_through - 1`,
			},
			row: `'610305 rural'`, text: "sealed through 2011-03-30, and has 31 sealed days",
		},
		{
			id: "lists", name: "a claim of what nobody posted", sql: []string{
				`insert into contribution_claim values (610305, 900000009, 5, 'individual', 1001, 2011, 100, 'wrong_contribution',
					'x', 'officer:x', '2011-04-06')`,
			},
			row: `'610305/900000009'`, text: "claims item 5 of another member",
		},
		{
			id: "I6", name: "reversal of another amount", sql: []string{
				`insert into entry select area, 900000001, scheme, kind, 'found wrong', id, date '2012-01-10',
				    effective_on, 2, text,
					actor, booked_at from entry where id = ` + lastSweep,
				`insert into posting select area, 900000001, line, scheme, kind, effective_on, date '2012-01-10', side,
				    role, nature,
					true, true, 7, fund_account from posting where entry_id = ` + lastSweep,
			},
			row: `'610305/900000001'`, text: "does not mirror entry",
		},
		{
			id: "I8", name: "swept before it came", sql: []string{
				`update entry set accounted_on = accounted_on + 1 where id = ` + lastContribution,
				`update posting set accounted_on = accounted_on + 1 where entry_id = ` + lastContribution,
			},
			row:  `'610305/' || id from fund_account where role = 'income'`,
			text: "the income account stands at -150.00 after 2011-04-06",
		},
		{
			id: "I10", name: "remittance before the rule that allows it", do: remitEarly,
			row:  `'610305/' || max(entry_id) || ' line 2' from posting where kind = 'remittance_made'`,
			text: "an entry of kind remittance_made may not credit the income account on 2011-04-06",
		},
		{
			id: "I11", name: "an account of another fund",
			sql:  []string{`update fund_account set scheme = 'urban' where role = 'fixed_deposit'`},
			row:  `min('610305/' || entry_id || ' line ' || line) from posting where role = 'fixed_deposit'`,
			text: "of the urban fund",
		},
		{
			id: "I11", also: []string{"I10", "I28", "lists"}, name: "income pays for something else", sql: []string{
				`update posting set kind = 'contribution_refund' where entry_id = ` + lastSweep,
				`update entry set kind = 'contribution_refund' where id = ` + lastSweep,
			},
			row: entryRow(lastSweep) + ` || ' line 1'`, text: "may not debit the fiscal_special account",
		},
		{
			id: "I12", name: "contributions after the tax authority took over",
			sql: []string{
				`insert into area_rule values (610305, 'collection_mode', '2011-04-06', '"tax"', 'test')`,
				`update policy_setup set (rows, digest) = (select d.rows, d.digest from policy_digest(610305) d)`,
			},
			row: `'610305/' || entry_id || ' line ' || line from posting where role = 'income'
			    and entry_id = ` + lastContribution,
			text: "moves the income account by contribution on 2011-04-06",
		},
		{
			id: "I12", also: []string{"I2", "I4"}, name: "money left at month end", sql: []string{
				`update sealed_balance set debit = debit + 5, closing = closing + 5 where role = 'income'
				    and day = '2011-03-31'`,
			},
			row:  `'610305/' || id || ' 2011-03-31' from fund_account where role = 'income'`,
			text: "holds 0.05 at the end of the month",
		},
		{
			id: "I24", name: "booked long before an entry with a lower id", sql: []string{
				`update entry set booked_at = booked_at + interval '1 hour' where id = ` + lastContribution,
			},
			row: entryRow(lastSweep), text: "but an entry with a lower id at",
		},
		{
			id: "two-line-rule", name: "a rule from another day",
			sql: []string{`update two_line_rule set effective_from = '2010-01-01'
				where kind = 'remittance_made' and role = 'income'`},
			row: `'remittance_made credit income'`, text: "holds from 2010-01-01",
		},
		{
			id: "two-line-rule", name: "a rule too many",
			sql: []string{`insert into two_line_rule values ('allocation', 'credit', 'income', false, '2009-09-01',
			    'none')`},
			row: `'allocation credit income'`, text: "allows what the program does not",
		},
		{
			id: "sum-lines", name: "a sum line that is none",
			sql: []string{`update posting set nature = 'direct' where role = 'income'
			    and entry_id = ` + lastContribution},
			row: `'610305/' || entry_id || ' line 1' from entry e join posting p on p.entry_id = e.id and p.line = 1
				where e.id = ` + lastContribution,
			text: "a sum line of 0.00 stands for items of 200.00",
		},
	}
}

func moreBookCorruptions() []corruption {
	toExpenditure := []string{
		`alter table posting drop constraint two_line_core`,
		`update posting set role = 'expenditure', fund_account = (select id from fund_account
		    where role = 'expenditure' and bank = 'psbc')
			where side = 'debit' and entry_id = ` + lastSweep,
	}
	return []corruption{
		{
			id: "I2", also: []string{"I1", "sum-lines"}, name: "a book that does not sum to zero",
			sql: []string{`update posting set amount = amount + 1 where role = 'income'
			    and entry_id = ` + lastContribution},
			row: `'610305 rural'`, text: "debits exceed credits by 0.01 over all accounts of the fund set",
		},
		{
			id: "I4", name: "sealed before the day before it",
			sql: []string{`update sealed_day set sealed_at = sealed_at - interval '1 hour' where day = '2011-03-20'`},
			row: `'610305 rural 2011-03-20'`, text: "and a day before it at",
		},
		{
			id: "I4", also: []string{"I22", "I24"}, name: "booked after its day was sealed",
			sql: []string{`update entry set booked_at = booked_at + interval '2 hours'
				where id = (select min(id) from entry where kind = 'contribution')`},
			row: entryRow(`min(id) from entry where kind = 'contribution'`), text: "after its day was sealed at",
		},
		{
			id: "I8", also: []string{"I5", "I11"}, name: "a personal account below zero", sql: []string{
				`update posting set red = true, amount = 90000 where role = 'personal_individual' and member_id = 1001
					and entry_id = ` + lastContribution,
				`update posting set red = true, amount = 80000 where role = 'personal_control'
				    and entry_id = ` + lastContribution,
			},
			row: `'610305/1001'`, text: "personal_individual stands at -504.74",
		},
		{
			id: "I10", also: []string{"I11", "I28", "append-only"}, name: "income pays the expenditure account",
			sql: toExpenditure,
			row: entryRow(lastSweep), text: "money leaves the income account for the expenditure account",
		},
		{
			id: "I11", also: []string{"I10", "I28", "append-only"}, name: "income and expenditure in one entry",
			sql: toExpenditure,
			row: entryRow(lastSweep), text: "the expenditure account is fed by what may not feed it",
		},
	}
}

// remitEarly turns the last sweep into a remittance, which the income account may
// make from 2018 on, with digest and approval as they must be.
func remitEarly(t *testing.T, d pgtest.Database) {
	t.Helper()
	w := &proofWorld{t: t, d: d}
	var from int64
	w.ask(`select id from fund_account where role = 'income'`, &from)
	i := fundtransfer.Instruction{
		Kind: ledger.RemittanceMade, From: from, Amount: 15_000, EffectiveOn: calendar.MustDay("2011-04-06"),
		Document: "voucher",
	}
	digest := i.Digest(proofArea, ledger.Rural)
	transfer := `(select split_part(cause, ':', 2)::bigint from entry where id = ` + lastSweep + `)`
	d.Exec(t, `update approval set digest = $1 where subject_id = `+transfer, digest[:])
	d.Exec(t, `update fund_transfer set kind = 'remittance_made', to_account = null, digest = $1
	    where id = `+transfer, digest[:])
	d.Exec(t, `update posting set kind = 'remittance_made', role = case side when 'debit' then 'remittance_out'
	    else role end,
		fund_account = case side when 'debit' then null else fund_account end where entry_id = `+lastSweep)
	d.Exec(t, `update entry set kind = 'remittance_made' where id = `+lastSweep)
}

func itemCorruptions() []corruption {
	return []corruption{
		{
			id: "I5", name: "posted to another member",
			sql: []string{`update posting set member_id = 1003 where member_id = 1001
			    and entry_id = ` + lastContribution},
			row: entryRow(lastContribution), text: "is posted to another member or year",
		},
		{
			id: "I5", also: []string{"I16", "I40", "agreement"}, name: "posted without an answer", sql: []string{
				`delete from answer where item_id = (select min(cause_id) from posting
				    where entry_id = ` + lastContribution + `)`,
			},
			row: entryRow(lastContribution), text: "which no agreement settled",
		},
		{
			id: "I40", name: "open money that the daily look passes over", sql: []string{
				`insert into arrival_watch values (610305, '2011-04-30') on conflict (area) do update
				set settled_through = '2011-04-30'`,
			},
			row: entryRow(`(select max(id) from arrival)`), text: "is open, and all that came through 2011-04-30",
		},
		{
			id: "I5", name: "an entry that nothing caused",
			sql: []string{`update entry set cause = 'kindness' where id = (select min(id) from entry
			    where kind = 'unrecognised_receipt')`},
			// The day is sealed, and the arrival has lost its entry.
			also: []string{"I4"},
			row:  entryRow(`(select min(id) from entry where kind = 'unrecognised_receipt')`),
			text: `is caused by "kindness"`,
		},
		{
			id: "I5", also: []string{"I22", "suspense"}, name: "arrival parked without an entry", sql: []string{
				`insert into arrival_suspense values (610305, (select max(id) from arrival), '2011-04-06')`,
			},
			row: entryRow(`(select max(id) from arrival)`), text: "44.00 went to suspense and is not booked",
		},
		{
			id: "I5", also: []string{"I23", "I28"}, name: "opening balance raised", sql: []string{
				`update opening_balance set balance = balance + 1 where balance = 100000`,
			},
			row: `'610305/' || id from fund_account where role = 'fiscal_special'`, text: "of 1000.01 is booked otherwise",
		},
		{
			id: "I5", also: []string{"I28"}, name: "personal opening raised", sql: []string{`update personal_opening set interest = 999
			    where member_id = 1002`},
			row:  `'610305/' || min(entry_id) from posting where role = 'personal_interest'`,
			text: "was entered as 9.99 for member 1002",
		},
		{
			id: "I5", name: "a transfer that names a year",
			sql: []string{`update posting set year = 2011 where line = 1 and entry_id = ` + lastSweep},
			row: entryRow(lastSweep) + ` || ' line 1'`, text: "is no item and names a member or a year",
		},
		{
			id: "I5", name: "a line without its year",
			sql: []string{`update posting set year = null where line = 2 and entry_id = ` + lastContribution},
			row: entryRow(lastContribution), text: "is posted to another member or year",
		},
		{
			id: "I5", name: "more to be given back than was taken",
			sql: []string{`update refund_task set amount = amount + 1`},
			row: `'610305/' || id from refund_task`, text: "with another member, year or amount than was taken",
		},
		{
			id: "I7", name: "chosen by nobody", sql: []string{`insert into tier_choice values (610305, 9999, 2011, 1,
			    '2011-01-01')`},
			row: `'610305/9999 2011'`, text: "was chosen by nobody",
		},
		{
			id: "I7", name: "paid more than was chosen", sql: []string{
				`update tier_choice set amount = 5000 where member_id = 1001 and year = 2012`,
			},
			row: `'610305/1001 2012'`, text: "paid 100.00 for the year and chose 50.00",
		},
		{
			id: "I7", also: []string{"append-only"}, name: "two accounts of one member paid to", sql: []string{
				`drop index instrument_payout`,
				`insert into instrument select area, 9999, member_id, bank, kind, 'other', bank_no, true, true,
				    opened_on, null
					from instrument where id = 2001`,
			},
			row: `'610305/2001'`, text: "is one of 2 accounts that member 1001 is paid to",
		},
		{
			id: "I14", name: "an attempt left out", sql: []string{
				`update withholding_item set attempt = 2 where id = (select min(id) from withholding_item
				    where batch_id = ` + sentBatch + `)`,
			},
			row: `'610305/' || min(id) from withholding_item where batch_id = ` + sentBatch, text: "stands as number 1",
		},
		{
			id: "I14", also: []string{"I18", "I19"}, name: "sent again while the bank may still debit it", sql: []string{
				`insert into withholding_item select area, 900000002, batch_id, seq + 100, member_id, year, 2, amount,
				    mandate_id,
					mandate_no, account_no, name, id_number, social_no, region from withholding_item
					where batch_id = ` + sentBatch + ` and seq = 1`,
			},
			row:  `'610305/' || id from withholding_item where seq = 1 and batch_id = ` + sentBatch,
			text: "is without a final answer, and item 900000002 asks for the same due",
		},
		{
			id: "I20", name: "mandate of another member",
			sql: []string{`update mandate set member_id = 1012 where id = 3007`},
			row: `'610305/' || min(id) from withholding_item where mandate_id = 3007`, text: "rests on mandate 3007",
		},
		{
			id: "I20", name: "row of an account opening missing", sql: []string{`delete from account_opening_item`},
			row: `'610305/7001'`, text: "has 0 rows and says 1",
		},
	}
}

func batchCorruptions() []corruption {
	return []corruption{
		{
			id: "I15", name: "state without an event", sql: []string{`update withholding_batch set state = 'acked'
			    where id = ` + sentBatch},
			row: entryRow(sentBatch), text: `is "acked" in version 1, its last event made it "sending"`,
		},
		{
			id: "I15", name: "left unknown on no evidence",
			sql: []string{`update batch_event set evidence = '{}' where from_state = 'unknown'`},
			row: `'610305/' || min(batch_id) from batch_event where from_state = 'unknown'`, text: "left \"unknown\" on no evidence",
		},
		{
			id: "I15", name: "a step that is none",
			sql: []string{
				`insert into batch_event select area, batch_id, 2, 'sending', 'ready', 'job', at, '{"because": "x"}'
				    from batch_event
					where version = 1 and batch_id = ` + sentBatch,
				`update withholding_batch set state = 'ready', version = 2 where id = ` + sentBatch,
			},
			row: entryRow(sentBatch), text: `went from "sending" to "ready", which is no step`,
		},
		{
			id: "I15", name: "transfer's event missing", sql: []string{
				`delete from transfer_event where to_state = 'rejected'`,
			},
			row: `'610305/' || id from fund_transfer where state = 'rejected'`, text: `is "rejected" in version 2`,
		},
		{
			id: "I18", name: "one fen more on an item", sql: []string{
				`update withholding_item set amount = amount + 1 where seq = 1 and batch_id = ` + sentBatch,
			},
			row: entryRow(sentBatch), text: "has items of 200.01 and says 200.00",
		},
		{
			id: "I18", name: "another payer's name", sql: []string{
				`update withholding_item set name = '李四' where seq = 1 and batch_id = ` + sentBatch,
			},
			row: entryRow(sentBatch), text: "no longer give the digest",
		},
		{
			id: "I18", name: "another region, which only the file carries", sql: []string{
				`update withholding_item set region = region + 1 where seq = 1 and batch_id = ` + sentBatch,
			},
			row: entryRow(sentBatch), text: "its file, written again, has another digest",
		},
		{
			id: "I18", name: "made on another day than its run",
			sql: []string{`update withholding_run set business_day = business_day + 1`},
			row: `'610305/' || min(id) from withholding_batch`, text: "differs from run",
		},
		{
			id: "I19", also: []string{"I18"}, name: "a file name used twice", sql: []string{
				`alter table withholding_batch drop constraint withholding_batch_area_bank_file_name_key`,
				`update withholding_batch set file_name = (select file_name from withholding_batch
				    where id = ` + sentBatch + `)
					where id = (select min(id) from withholding_batch)`,
			},
			row: `'610305/' || min(id) from withholding_batch`, text: "has the file name of another batch",
		},
		{
			id: "I19", name: "a number missing", sql: []string{`update batch_counter set next = next + 1`},
			row: `'610305 psbc'`, text: "the next number is 16 and there are 14 batches",
		},
		{
			id: "I19", name: "an id left out", sql: []string{`update item_counter set next = next + 1`},
			row: `'610305'`, text: "the next id is ",
		},
		{
			id: "I40", name: "counter of a batch", sql: []string{
				`update withholding_batch set failed = failed + 1 where id = ` + sentBatch,
			},
			row: entryRow(sentBatch), text: "counts 0 successes and 1 failures; its answers are 0 and 0",
		},
		{
			id: "I40", name: "progress of an agreement", sql: []string{
				`update agreement_progress set done = false where agreement_id = (select max(id) from agreement)`,
			},
			row: entryRow(`(select max(id) from agreement)`), text: "says 2 of 2 items",
		},
		{
			id: "I40", name: "terminal's day", sql: []string{`update terminal_day set amount = amount + 1
			    where terminal = 'T2'`},
			row:  `'610305/' || min(id) from terminal_day where terminal = 'T2'`,
			text: "was closed with 1 receipts of 25.01 and has 1 of 25.00",
		},
		{
			id: "agreement", name: "reaches further than what arrived", sql: []string{
				`update agreement set upto_arrival = upto_arrival + 1 where id = (select max(id) from agreement)`,
			},
			row: entryRow(`(select max(id) from agreement)`), text: "reaches further",
		},
		{
			id: "agreement", name: "arrival of another teller", sql: []string{
				`update arrival set source = 'statement' where bank_reference = 'L8'`,
			},
			row: entryRow(`(select id from arrival where bank_reference = 'L8')`), text: "was reported by bank:psbc",
		},
		{
			id: "agreement", name: "money named for a batch that is not there", sql: []string{
				`insert into arrival_subject (area, arrival_id, batch_id, named_by, named_at)
					select area, id, 1, 'statement', now() from arrival where bank_reference = 'L8'`,
			},
			row: entryRow(`id from arrival where bank_reference = 'L8'`), text: "names batch 1, which is not collected",
		},
		{
			id: "agreement", also: []string{"I40"}, name: "one fen more arrived", sql: []string{
				`update arrival set amount = amount + 1 where bank_reference = 'L7'`,
			},
			row: entryRow(`(select max(id) from agreement)`), text: "is of 200.00; what arrived is 200.01",
		},
	}
}

func fileCorruptions() []corruption {
	return []corruption{
		{
			id: "I16", name: "a receipt counts a row too many",
			sql: []string{`update receipt set rows = rows + 1, pending = pending + 1
				where kind = 'results' and id = (select max(id) from receipt where kind = 'results')`},
			row: `'610305/' || max(id) from receipt where kind = 'results'`, text: "says 3 rows (2 recorded",
		},
		{
			id: "I16", name: "a repetition of what is not recorded", sql: []string{
				`update answer set outcome = 'failed', class = 'BLOCKED' where disposition = 'repeated'`,
			},
			row:  `'610305/' || min(id) from answer where disposition = 'repeated'`,
			text: "repeats what is not recorded",
		},
		{
			id: "I21", name: "a byte of a stored file", sql: []string{
				`update receipt_part set bytes = set_byte(bytes, 3, 65) where receipt_id =
					(select id from receipt where name = 'good.txt')`,
			},
			row: `'610305/' || id from receipt where name = 'good.txt'`, text: "no longer have the digest",
		},
		{
			id: "I21", name: "a part missing", sql: []string{
				`delete from receipt_part where receipt_id = (select id from receipt where name = 'good.txt')`,
			},
			row: `'610305/' || id from receipt where name = 'good.txt'`, text: "bytes and has 0",
		},
		{
			id: "I21", name: "a duplicate of another file", sql: []string{
				`update receipt set duplicate_of = (select id from receipt where name = 'broken.txt')
				    where state = 'duplicate'`,
			},
			row: `'610305/' || id from receipt where state = 'duplicate'`, text: "which has not its content",
		},
		{
			id: "I22", name: "nobody is told of a refused line",
			sql: []string{`delete from exception_case where kind = 'answer_refused'`},
			row: `'610305/answer_refused receipt:' || receipt_id || ':' || line from answer
			    where disposition = 'refused'`,
			text: "is missing",
		},
		{
			id: "I23", name: "a closing balance", sql: []string{`update statement set closing = closing + 1
			    where day_to = '2011-04-06'`},
			row:  `'610305/' || max(id) from statement`,
			text: "opens with 0.00 and closes with 50.01; its lines move 50.00",
		},
		{
			id: "I23", also: []string{"I9", "breaks"}, name: "a line's amount", sql: []string{`update statement_line set amount = amount + 1
			    where line = 1`},
			row: `'610305/' || min(id) from statement`, text: "its lines move 0.01",
		},
		{
			id: "I23", name: "a line outside its statement", sql: []string{
				`update statement_line set booking_date = '2011-05-01' where line = 1
				    and statement_id = (select max(id) from statement)`,
			},
			row:  `'610305/' || min(id) from statement_line where statement_id = (select max(id) from statement)`,
			text: "was booked on 2011-05-01, and its statement covers 2011-04-01 to 2011-04-06",
		},
		{
			id: "I23", name: "a file's receipt counts a line too many", sql: []string{
				`update receipt set rows = rows + 1, recorded = recorded + 1 where kind = 'statement'
				    and part = '2011-04-06'`,
			},
			row:  `'610305/' || id from receipt where kind = 'statement' and part = '2011-04-06'`,
			text: "says 3 new lines",
		},
		{
			id: "I23", also: []string{"I22", "breaks"}, name: "a statement left out", sql: []string{
				`delete from statement_line where statement_id = (select min(id) from statement)`,
				`delete from statement where id = (select min(id) from statement)`,
			},
			row:  `'610305/' || max(id) from statement`,
			text: "begins on 2011-04-01, and the account was opened on 2011-03-01",
		},
	}
}

func peopleCorruptions() []corruption {
	return []corruption{
		{
			id: "I25", name: "two answers for one request", sql: []string{
				`alter table idempotency drop constraint idempotency_pkey`,
				`insert into idempotency select caller, route, key, fingerprint, 201, content_type, 'other', created_at
					from idempotency order by key limit 1`,
			},
			row: `'bank:psbc POST /v1/opening-balances proof-key-00000001'`, text: "has 2 answers",
		},
		{
			id: "I25", name: "an effect at no request's instant", sql: []string{
				`update idempotency set created_at = created_at + interval '1 hour'
				    where route = 'POST /v1/fund-transfers'`,
			},
			row: `'610305/fund_transfer ' || min(id) from fund_transfer`, text: "when no answer was kept",
		},
		{
			id: "I25", name: "an answer without an effect", sql: []string{
				`insert into idempotency values ('officer:x', 'POST /v1/withholding-runs', 'no-such-run', sha256('x'),
				    200, 'text/plain',
					'x', now())`,
			},
			row: `'officer:x POST /v1/withholding-runs no-such-run'`, text: "its effect is not there",
		},
		{
			id: "I25", name: "an effect without its answer", sql: []string{
				`delete from idempotency where key = (select substr(name, 9) from receipt where kind = 'results'
				    order by id limit 1)`,
			},
			row: `'610305/' || min(id) from receipt where kind = 'results'`, text: "no kept answer of its fingerprint",
		},
		{
			id: "I27", name: "duty taken away before", sql: []string{
				`update duty_grant set revoked_at = '2010-01-01' where login = 'bureau-checker.610305'`,
			},
			row:  `'610305/fund_transfer ' || min(subject_id) from approval where login = 'bureau-checker.610305'`,
			text: "was decided by bureau-checker.610305, who was no checker then",
		},
		{
			id: "I27", also: []string{"pension-subsidies"}, name: "maker without the duty", sql: []string{
				`update duty_grant set revoked_at = '2010-01-01' where login = 'bureau-maker.610305'`,
			},
			row:  `'610305/' || min(id) from fund_transfer where maker = 'bureau-maker.610305'`,
			text: "who was no maker then",
		},
		{
			id: "I27", name: "a month closed by an auditor",
			sql: []string{`update period_close set closed_by = 'auditor.610305'`},
			row: `'610305/' || min(fund_account) || ' 2011-03' from period_close`, text: "was closed by auditor.610305",
		},
		{
			id: "I27", name: "maker's own person", sql: []string{
				`alter table approval drop constraint different_person`,
				`update approval set login = 'finance-second.610305', person_id = maker_person
					where login = 'finance-checker.610305' and subject_id = (select max(subject_id) from approval
						where login = 'finance-checker.610305' and decision = 'approved' and subject = 'fund_transfer')`,
			},
			// With the constraint in place the database itself refuses it.
			also: []string{"I15", "I28", "append-only"},
			row:  `'610305/fund_transfer ' || subject_id from approval where person_id = maker_person`,
			text: "by its maker's own person",
		},
		{
			id: "I28", also: []string{"breaks"}, name: "amount of what waits for approval", sql: []string{
				`update fund_transfer set amount = amount + 1 where state = 'submitted'`,
			},
			row: `'610305/' || id from fund_transfer where state = 'submitted'`, text: "no longer has the digest",
		},
		{
			id: "I28", name: "another account than was approved", sql: []string{
				`insert into bank values (610305, 'icbc', '102100099996', 'test', 'json', 100)`,
				`insert into fund_account values (610305, 77, 'rural', 'fiscal_special', 'icbc', '77', 'test', 'net',
				    '2011-03-01')`,
				`update posting set fund_account = 77 where side = 'debit' and entry_id = ` + lastSweep,
			},
			row:  `'610305/' || split_part(cause, ':', 2) from entry where id = ` + lastSweep,
			text: "otherwise than it was approved",
		},
		{
			id: "I28", name: "deposit at another rate", sql: []string{`update fixed_deposit set rate = 0.02`},
			row: `'610305/' || id from fixed_deposit`, text: "differs from the transfer that placed it",
		},
	}
}

func schemaCorruptions() []corruption {
	return []corruption{
		{
			id: "append-only", name: "trigger switched off",
			sql: []string{`alter table entry disable trigger append_only`},
			row: `'entry append_only'`, text: "is switched off",
		},
		{
			id: "append-only", name: "trigger gone", sql: []string{`drop trigger check_postings on posting`},
			row: `'posting check_postings'`, text: "is missing",
		},
		{
			id: "append-only", name: "function hollowed out", sql: []string{
				`create or replace function refuse_change() returns trigger language plpgsql as
					'begin return null; end'`,
			},
			row: `'refuse_change'`, text: "is not the one that the migrations made",
		},
		{
			id: "append-only", name: "unique key gone", sql: []string{`drop index answer_final`},
			row: `'answer_final'`, text: "is missing",
		},
		{
			id: "S-08", name: "facts may be changed", sql: []string{`grant update on entry to twoline_app`},
			row: `'entry'`, text: "twoline_app may update",
		},
		{
			id: "S-08", name: "one column may be changed", sql: []string{`grant update (amount)
			    on posting to twoline_app`},
			row: `'posting.amount'`, text: "twoline_app may update",
		},
		{
			id: "S-08", name: "tables may be made", sql: []string{`grant create on schema public to twoline_app`},
			row: `'twoline_app'`, text: "create tables",
		},
		{
			id: "S-08", name: "a table that nobody spoke of", sql: []string{`create table notes (t text)`, `grant all
			    on notes to twoline_app`},
			row: `'notes'`, text: "twoline_app may delete",
		},
	}
}

// corrupted runs every corruption of an invariant on a database of its own: it
// must turn exactly the invariants red that it names, and be named itself.
func corrupted(t *testing.T, id string) {
	t.Helper()
	found, alone := false, false
	for _, c := range corruptions() {
		if c.id != id {
			continue
		}
		found, alone = true, alone || len(c.also) == 0
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db, d := cloneWorld(t)
			row := c.named(t, d)
			for _, sql := range c.sql {
				d.Exec(t, sql)
			}
			if c.do != nil {
				c.do(t, d)
			}
			if row == "" {
				row = c.namedNow(t, d)
			}
			c.check(t, db, row)
		})
	}
	if !found || !alone {
		t.Errorf("no corruption turns %s red alone", id)
	}
}

// named asks for the row before the corruption; one that is made by it has none yet.
func (c corruption) named(t *testing.T, d pgtest.Database) string {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), d.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background()) //nolint:errcheck // a connection of the test
	var row *string
	if err := conn.QueryRow(context.Background(), `select `+c.row).Scan(&row); err != nil || row == nil {
		return ""
	}
	return *row
}

func (c corruption) namedNow(t *testing.T, d pgtest.Database) string {
	t.Helper()
	row := c.named(t, d)
	if row == "" {
		t.Fatalf("the row that must be named is nowhere: %s", c.row)
	}
	return row
}

func (c corruption) check(t *testing.T, db *postgres.DB, row string) {
	t.Helper()
	r := verify(t, db)
	want := append([]string{c.id}, c.also...)
	got := r.Breached()
	slices.Sort(want)
	slices.Sort(got)
	f, _ := r.Find(c.id)
	if !slices.Equal(got, want) {
		t.Errorf("breached %v, want %v", got, want)
		for _, f := range r.Findings {
			for _, b := range f.Breaches {
				t.Logf("%s", b)
			}
		}
	}
	if f.Holds() {
		return
	}
	if !slices.ContainsFunc(f.Breaches, func(b proof.Breach) bool {
		return b.Row == row && strings.Contains(b.Text,
			c.text)
	}) {
		t.Errorf("no breach of %s names row %q with %q, but %v", c.id, row, c.text, f.Breaches)
	}
}

func TestEveryInvariantHasATestOfItsOwn(t *testing.T) {
	t.Parallel()
	has := map[string]bool{}
	for _, c := range corruptions() {
		has[c.id] = true
	}
	for _, i := range postgres.Invariants() {
		if !has[i.ID] {
			t.Errorf("nothing breaks %s", i.ID)
		}
	}
}

func TestI1_EntriesAreWhole(t *testing.T)                 { t.Parallel(); corrupted(t, "I1") }
func TestI2_BalancesAreSumsOfLines(t *testing.T)          { t.Parallel(); corrupted(t, "I2") }
func TestI3_SetsBalanceByThemselves(t *testing.T)         { t.Parallel(); corrupted(t, "I3") }
func TestI4_SealedDaysStayAsTheyWere(t *testing.T)        { t.Parallel(); corrupted(t, "I4") }
func TestI5_PostedIsWhatWasSettled(t *testing.T)          { t.Parallel(); corrupted(t, "I5") }
func TestI6_ReversalsMirror(t *testing.T)                 { t.Parallel(); corrupted(t, "I6") }
func TestI7_NobodyPaysMoreThanChosen(t *testing.T)        { t.Parallel(); corrupted(t, "I7") }
func TestI8_NoBalanceBelowItsFloor(t *testing.T)          { t.Parallel(); corrupted(t, "I8") }
func TestI10_IncomeAccountPaysWhatItMay(t *testing.T)     { t.Parallel(); corrupted(t, "I10") }
func TestI11_NoPathFromIncomeToExpenditure(t *testing.T)  { t.Parallel(); corrupted(t, "I11") }
func TestI12_IncomeAccountIsEmptyAtMonthEnd(t *testing.T) { t.Parallel(); corrupted(t, "I12") }
func TestI14_OneLiveItemADue(t *testing.T)                { t.Parallel(); corrupted(t, "I14") }
func TestI15_StatesMoveAlongTheirTable(t *testing.T)      { t.Parallel(); corrupted(t, "I15") }
func TestI16_EveryLineIsAccountedFor(t *testing.T)        { t.Parallel(); corrupted(t, "I16") }
func TestI18_BatchIsItsItems(t *testing.T)                { t.Parallel(); corrupted(t, "I18") }
func TestI19_BatchNumbersHaveNoGap(t *testing.T)          { t.Parallel(); corrupted(t, "I19") }
func TestI20_EveryItemIsInOneFile(t *testing.T)           { t.Parallel(); corrupted(t, "I20") }
func TestI21_FilesAreAsTheyCame(t *testing.T)             { t.Parallel(); corrupted(t, "I21") }
func TestI22_WhatNeedsAPersonHasACase(t *testing.T)       { t.Parallel(); corrupted(t, "I22") }
func TestI23_StatementsAddUp(t *testing.T)                { t.Parallel(); corrupted(t, "I23") }
func TestI24_BookingTimeDoesNotFall(t *testing.T)         { t.Parallel(); corrupted(t, "I24") }
func TestI25_OneRequestOneAnswer(t *testing.T)            { t.Parallel(); corrupted(t, "I25") }
func TestI27_CheckerIsAnotherPerson(t *testing.T)         { t.Parallel(); corrupted(t, "I27") }
func TestI28_ApprovedIsWhatWasBooked(t *testing.T)        { t.Parallel(); corrupted(t, "I28") }
func TestRulesAreDecided(t *testing.T)                    { t.Parallel(); corrupted(t, "rules") }

func TestI40_CountersAreWhatFactsGive(t *testing.T)    { t.Parallel(); corrupted(t, "I40") }
func TestAgreementsAreAnswersAndArrivals(t *testing.T) { t.Parallel(); corrupted(t, "agreement") }

func TestSumLinesEqualTheirItems(t *testing.T) { t.Parallel(); corrupted(t, "sum-lines") }

func TestTwoLineRuleIsTheProgramsOwn(t *testing.T) { t.Parallel(); corrupted(t, "two-line-rule") }

func TestT5_AppendOnlyTriggersAreInPlace(t *testing.T)       { t.Parallel(); corrupted(t, "append-only") }
func TestS08_PrivilegesAreThoseOfTheMigrations(t *testing.T) { t.Parallel(); corrupted(t, "S-08") }
