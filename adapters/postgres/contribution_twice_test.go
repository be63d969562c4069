package postgres_test

import (
	"strings"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/collection"
)

// The same list brought twice is refused for its lines, whether the first waits for its checker, is approved or is
// posted; another document of the payer is another payment. From 2014 on the aid of a year stays within the highest tier,
// whatever is posted and in flight.
func TestAListOfAidIsTakenOnce(t *testing.T) {
	t.Parallel()
	w := newRefundWorld(t, 3)
	aid := w.list(collection.CollectiveList, 11, 12000, 5000)
	aid.Year = 2018
	asked, err := w.tryList(aid)
	if err != nil {
		t.Fatal(err)
	}
	again := func(what string) {
		t.Helper()
		if _, err := w.tryList(aid); refusals(t, err)[1] != "listed_before" || refusals(t, err)[2] != "listed_before" {
			t.Errorf("%s: %v", what, err)
		}
	}
	again("while it waits for its checker")
	if err := w.approve(asked.Decision, w.checker); err != nil {
		t.Fatal(err)
	}
	again("while it waits for its money")
	over := w.list(collection.SponsorList, 11, 8001, 5000)
	over.Year = 2018
	if _, err := w.tryList(over); refusals(t, err)[1] != "over_aid" || refusals(t, err)[2] != "" {
		t.Errorf("above the highest tier with what is in flight: %v", err)
	}
	if _, err := w.name(w.money(t, "11", "AID", 17000).ID, asked.ID); err != nil {
		t.Fatal(err)
	}
	w.work(t)
	again("when it is posted")
	if _, err := w.tryList(over); refusals(t, err)[1] != "over_aid" {
		t.Errorf("above the highest tier with what is posted: %v", err)
	}
	over.Lines[0].Amount = 8000
	if _, err := w.tryList(over); err != nil {
		t.Fatal(err)
	}
	second := aid
	second.Document, second.Lines = "doc-2", aid.Lines[1:]
	w.approved(t, second)
	w.proved(t)
	for edit, c := range map[string][2]string{
		`update contribution_list set document = 'doc-1' where document = 'doc-2'`: {
			`update contribution_list set document = 'doc-2' where id = (select max(id) from contribution_list)`, "is one of 2 lines of 财政局, doc-1",
		},
		`update posting set amount = 20001 where amount = 12000`: {
			`update posting set amount = 12000 where amount = 20001`, "of collective aid for the year, and the highest tier is 200.00",
		},
	} {
		if got := w.told(t, edit, c[0]); !strings.Contains(got, c[1]) {
			t.Errorf("%s: verification says %q, want %q", edit, got, c[1])
		}
	}
	w.proved(t)
}

// Where the tiers change in July the government pays the lowest of the day; what was the lowest in January it pays for
// who chose that then, and for nobody else.
func TestTheGovernmentPaysTheLowestTierOfTheDay(t *testing.T) {
	t.Parallel()
	w := newRefundWorld(t, 3)
	w.sql(t, `insert into area_rule values (610304, 'contribution_tiers', '2018-07-01', '["200.00","300.00"]', 'test');
		update tier_choice set amount = 20000 where year = 2018 and member_id = 1002;
		update tier_choice set amount = 30000 where year = 2018 and member_id = 1003`)
	l := w.list(collection.GovernmentList, 12, 20000, 20000)
	l.Year = 2018
	w.today = calendar.MustDay("2018-06-30")
	if _, err := w.tryList(l); refusals(t, err)[2] != "list_invalid" {
		t.Errorf("the tier of July, in June: %v", err)
	}
	w.today = calendar.MustDay("2018-07-01")
	l.Lines[0].Amount, l.Lines[1].Amount = 10000, 10000
	if _, err := w.tryList(l); len(refusals(t, err)) != 1 || refusals(t, err)[2] != "list_invalid" {
		t.Errorf("the tier of June, in July, for who chose it and for who chose another: %v", err)
	}
	l.Lines[1].Amount = 20000
	w.approved(t, l)
	// A year that is made up is paid as it was, whatever the tiers are by then.
	w.sql(t, `insert into area_rule values (610304, 'contribution_tiers', '2019-01-01', '["500.00","800.00"]', 'test')`)
	w.today = calendar.MustDay("2019-02-01")
	late := w.list(collection.GovernmentList, 12, 0, 0, 20000)
	late.Year, late.Lines = 2018, late.Lines[2:]
	w.approved(t, late)
}
