package postgres_test

import (
	"errors"
	"fmt"
	"strconv"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/lifeevent"
)

// sentenced has two people say that a member was in prison.
func (w *lifeWorld) sentenced(t *testing.T, s lifeevent.Sentence) (lifeevent.Sentence, error) {
	t.Helper()
	s.Document = "court 17"
	var out lifeevent.Sentence
	_, err := w.life.AskSentence(t.Context(), w.ask("POST sentences"), result(&out), w.maker, s)
	if err != nil {
		return out, err
	}
	return out, w.agreed(t, out.Decision)
}

// Nobody is paid for a month of a sentence, and nobody has to hold or release it: a roster
// screens it, and so does the release of a run that was approved before.
func TestNobodyIsPaidForAMonthOfASentence(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 3)
	day := calendar.MustDay
	sentenced := func(s lifeevent.Sentence) int64 {
		t.Helper()
		out, err := w.sentenced(t, s)
		if err != nil {
			t.Fatal(err)
		}
		return out.ID
	}
	held := func(month, want string) {
		t.Helper()
		_, got := w.roster(t, regular(calendar.MustMonth(month)))
		if text := fmt.Sprintf("%q %q %q", got[1001], got[1002], got[1003]); text != want {
			t.Errorf("%s: held for %s, want %s", month, text, want)
		}
	}
	// A hold stops two months of 1003: of what it stopped, a month of a sentence is paid to nobody.
	w.hold(t, 1003, "certification_overdue", "2011-01-01")
	w.paysMonth(t, "2011-01")
	w.paysMonth(t, "2011-02")
	sentenced(lifeevent.Sentence{Member: 1003, BeganOn: day("2011-01-31"), EndedOn: day("2011-02-01")}) //nolint:exhaustruct // the service's
	stopped := one[int64](t, w.world, `select id from payment_hold where member_id = 1003`)
	if err := w.endHold(t, stopped); err != nil {
		t.Fatal(err)
	}
	if got := one[string](t, w.world, `select string_agg(month::text, ' ') from resumption_month`); got != "2011-01-01" {
		t.Errorf("months of the stop that are decided: %s", got)
	}
	w.today = day("2011-03-18")
	first := sentenced(lifeevent.Sentence{Member: 1001, BeganOn: day("2011-03-01")}) //nolint:exhaustruct // open
	held("2011-03", `"" "" ""`)
	w.paysMonth(t, "2011-03")
	held("2011-04", `"sentenced" "" ""`)
	w.today = day("2011-04-18")
	run := w.approved(t, regular(calendar.MustMonth("2011-04")))
	sentenced(lifeevent.Sentence{Member: 1002, BeganOn: day("2011-03-31"), EndedOn: day("2011-04-01")}) //nolint:exhaustruct // the service's
	out, err := w.tryRelease(w.releaser, verdict(run))
	if err != nil || out.Run.State != disbursement.Withdrawn || len(out.Hits) != 1 || out.Hits[0].Member != 1002 ||
		out.Hits[0].Reason != disbursement.HeldSentenced {
		t.Fatalf("release with a sentenced payee: %s %+v, %v", out.Run.State, out.Hits, err)
	}
	if out, err = w.tryRelease(w.releaser, verdict(w.approve(t, out.Successor.Run))); err != nil || out.Run.Count != 1 {
		t.Fatalf("the successor pays %d, %v", out.Run.Count, err)
	}
	w.today = day("2011-05-18")
	held("2011-05", `"sentenced" "" ""`)
	sentenced(lifeevent.Sentence{Member: 1001, BeganOn: day("2011-03-01"), EndedOn: day("2011-04-30"), Replaces: first}) //nolint:exhaustruct // the service's
	held("2011-05", `"" "" ""`)
	earlier := `update sentence_approved set approved_at = approved_at - interval '1 hour'; `
	asItWas := `update sentence_approved set approved_at = approved_at + interval '1 hour'; `
	w.namesEdits(t, []handEdit{
		{
			earlier + `update roster_line set held = '' where held = 'sentenced' and member_id = 1002`,
			asItWas + `update roster_line set held = 'sentenced' where month = '2011-04-01' and member_id = 1002
				and roster_id = (select max(roster_id) from pay_run)`,
			"as payable for 2011-04-01, who was sentenced on 2011-03-31",
		},
		{
			`update roster_line set held = 'sentenced' where month = '2011-03-01' and member_id = 1003`,
			`update roster_line set held = '' where month = '2011-03-01' and member_id = 1003`,
			"holds member 1003 for sentenced",
		},
		{
			earlier + `update sentence set member_id = 1003 where member_id = 1002`,
			asItWas + `update sentence set member_id = 1002 where member_id = 1003`,
			"pays 2011-04-01 to member 1003, who was sentenced on 2011-03-31",
		},
		{
			`update sentence set member_id = 1003 where member_id = 1002`,
			`update sentence set member_id = 1002 where member_id = 1003`,
			"was hit for sentenced",
		},
	})
}

// Nothing is owed for the months after that in which a sentence began, through that in which it
// ended, and all of it comes back: what the payments drew stands in the account again. A
// sentence that was told wrongly is replaced, and its months are asked no more.
func TestMonthsOfASentenceComeBack(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 2)
	w.sql(t, `insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
		values (610304, 1001, 'account_pension', '2011-01-01', 1000, 'test', 'test', now())`)
	w.personal(t, 1001, 50000, 2000)
	for _, month := range []string{"2011-05", "2011-06", "2011-07", "2011-08"} {
		w.paysMonth(t, month)
	}
	w.today = calendar.MustDay("2011-08-28")
	day := calendar.MustDay
	//nolint:exhaustruct // the rest is the service's
	for _, bad := range []lifeevent.Sentence{
		{Member: 1001, BeganOn: day("2011-09-01")},
		{Member: 1001, BeganOn: day("2011-06-01"), EndedOn: day("2011-05-31")},
		{Member: 9999, BeganOn: day("2011-06-01")},
		{Member: 1001, BeganOn: day("2011-06-01"), Replaces: 77},
	} {
		if _, err := w.sentenced(t, bad); err == nil {
			t.Errorf("%+v stands", bad)
		}
	}
	s, err := w.sentenced(t, lifeevent.Sentence{Member: 1001, BeganOn: day("2011-05-20")}) //nolint:exhaustruct // open
	if err != nil {
		t.Fatal(err)
	}
	if r := w.recovery(t, 1001); r.Reason != lifeevent.DuringSentence || len(r.Lines) != 3 || r.Total() != 19500 || r.Since.String() != "2011-06" {
		t.Fatalf("while it lasts: %s %d months, %s from %s", r.Reason, len(r.Lines), r.Total(), r.Since)
	}
	// The release came in July: August is owed.
	released := lifeevent.Sentence{Member: 1001, BeganOn: day("2011-05-20"), EndedOn: day("2011-07-02"), Replaces: s.ID} //nolint:exhaustruct // the rest is the service's
	if _, err := w.sentenced(t, released); err != nil {
		t.Fatal(err)
	}
	if _, err := w.sentenced(t, released); !errors.Is(err, lifeevent.ErrSentenceGone) {
		t.Errorf("a sentence is replaced twice: %v", err)
	}
	r, o, err := w.life.Recovery(t.Context(), w.auditor, w.recovery(t, 1001).ID)
	if err != nil || len(r.Lines) != 2 || r.Base != 11000 || r.Account != 2000 || o.Asked != 13000 || o.FromAccount != 0 {
		t.Fatalf("%d months, %s and %s, offer %+v, %v", len(r.Lines), r.Base, r.Account, o, err)
	}
	var p lifeevent.Plan
	_, err = w.life.AskPlan(t.Context(), w.ask("POST plan"), result(&p), w.maker, lifeevent.Plan{ //nolint:exhaustruct // the service's
		Case: r.ID, AskedOf: lifeevent.TheMember, Document: "minute",
		Instalments: []lifeevent.Instalment{{DueOn: day("2011-12-31"), Amount: 13000}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, p.Decision); err != nil {
		t.Fatal(err)
	}
	var x lifeevent.Receipt
	_, err = w.life.AskReceipt(t.Context(), w.ask("POST receipts"), result(&x), w.maker, lifeevent.Receipt{ //nolint:exhaustruct // the service's
		Case: r.ID, Way: lifeevent.Otherwise, FundAccount: 11, Amount: 13000, BankReference: "R1", ValueDate: w.today, Document: "slip",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, x.Decision); err != nil {
		t.Fatal(err)
	}
	if r := w.recovery(t, 1001); r.State() != lifeevent.RecoverySettled || r.Restored != 2000 {
		t.Errorf("%s, %s stand in the account again", r.State(), r.Restored)
	}
	w.namesEdits(t, []handEdit{
		{
			`update sentence set ended_on = '2011-06-30' where replaces is not null; update sentence set ended_on = '2011-06-30' where replaces is null`,
			`update sentence set ended_on = '2011-07-02' where replaces is not null; update sentence set ended_on = null where replaces is null`,
			"for a month of no sentence that was approved",
		},
		{
			`update sentence set document = 'other'`, `update sentence set document = 'court 17'`, "rests on another document",
		},
		{
			`update sentence_approved set replaces = replaces + 1 where replaces is not null`,
			`update sentence_approved set replaces = replaces - 1 where replaces is not null`, "takes the place of another one",
		},
		{
			`update decision_request set state = 'rejected' where subject_id = ` + strconv.FormatInt(s.ID, 10),
			`update decision_request set state = 'approved' where subject_id = ` + strconv.FormatInt(s.ID, 10), "no decision put it there",
		},
	})
}

// Base pensions that were paid for months after the member left for good come back; nobody who
// stays is asked.
func TestMonthsAfterLeavingComeBack(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 2)
	for _, month := range []string{"2011-05", "2011-06", "2011-07"} {
		w.paysMonth(t, month)
	}
	w.today = calendar.MustDay("2011-07-28")
	var d lifeevent.Departure
	_, err := w.life.AskDeparture(t.Context(), w.ask("POST departures"), result(&d), w.maker, lifeevent.Departure{ //nolint:exhaustruct // the service's
		Member: 1001, Reason: lifeevent.Emigrated, LeftOn: calendar.MustDay("2011-05-31"), Document: "certificate 3",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, d.Decision); err != nil {
		t.Fatal(err)
	}
	r := w.recovery(t, 1001)
	if r.Reason != lifeevent.AfterLeaving || r.Total() != 11000 || r.Since.String() != "2011-06" || r.State() != lifeevent.RecoveryOpen {
		t.Errorf("%s: %s from %s, %s", r.Reason, r.Total(), r.Since, r.State())
	}
	if n := one[int64](t, w.world, `select count(*) from recovery_case`); n != 1 {
		t.Errorf("%d cases", n)
	}
	w.namesEdits(t, []handEdit{{
		`update member_departure set left_on = '2011-07-20'`, `update member_departure set left_on = '2011-05-31'`,
		"for a month after no departure that was approved",
	}})
}

// The month of a sentence that the bank could not pay is owed to nobody, an heir either.
func TestAMonthOfASentenceIsNotTheHeirs(t *testing.T) {
	t.Parallel()
	w := lastMonth(t)
	if _, err := w.sentenced(t, lifeevent.Sentence{Member: 1002, BeganOn: calendar.MustDay("2011-04-20")}); err != nil { //nolint:exhaustruct // open
		t.Fatal(err)
	}
	if _, err := w.heirs(t, 1002, "1", lifeevent.Claim{Dues: true}); !errors.Is(err, lifeevent.ErrNothingOwed) { //nolint:exhaustruct // the months alone
		t.Errorf("an heir is owed the month of a sentence: %v", err)
	}
	if text := w.found(t); text != "" {
		t.Errorf("verification: %s", text)
	}
}
