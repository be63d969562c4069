package postgres_test

import (
	"errors"
	"strconv"
	"testing"

	"twoline/gateway/calendar"
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
