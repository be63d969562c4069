package postgres_test

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/fundtransfer"
	"twoline/gateway/ledger"
	"twoline/gateway/once"
	"twoline/gateway/personal"
	"twoline/gateway/policy"
	"twoline/gateway/subsidy"
)

// liveAccounts is what the year brought to personal accounts, looked at in January: the
// interest at the provisional rate, then at a final one that is lower, and a run that
// nobody has decided yet.
func (w *proofWorld) liveAccounts() {
	w.t.Helper()
	w.today = calendar.MustDay("2012-01-10")
	for rule, value := range map[string]string{"interest_rate": "0.90%", "interest_rate_provisional": "3.50%"} {
		w.d.Exec(w.t, `insert into area_rule values (610305, $1, '2011-01-01', to_jsonb($2::text), 'rate of 2011')`, rule, value)
	}
	w.d.KeepRules(w.t)
	w.interest(personal.InterestOrder{Scheme: ledger.Rural, Year: 2011, Rate: personal.Provisional, Correction: ""}, true)
	w.interest(personal.InterestOrder{Scheme: ledger.Rural, Year: 2011, Rate: personal.Final, Correction: ""}, true)
	w.interest(personal.InterestOrder{Scheme: ledger.Rural, Year: 2011, Rate: personal.Final, Correction: "letter 7"}, false)
	w.subsidise()
}

func (w *proofWorld) interest(o personal.InterestOrder, approve bool) {
	w.t.Helper()
	service := personal.New(w.db.Personal(), func() calendar.Day { return w.today })
	var run personal.InterestRun
	_, err := service.AskInterest(w.t.Context(), w.request("interest-runs"), w.render(func(v any) { run = as[personal.InterestRun](v) }),
		w.books.Officers["business-maker"], o)
	w.must(err)
	if !approve {
		return
	}
	w.approveDecision(run.Decision)
	w.must(service.PostInterest(w.t.Context(), proofArea, run.ID))
	w.jobs = nil
}

// approveDecision has a checker of the business desk approve what waits there.
func (w *proofWorld) approveDecision(id int64) {
	w.t.Helper()
	var digest []byte
	w.ask(fmt.Sprintf(`select digest from decision_request where id = %d`, id), &digest)
	w.approveCase(w.books.Officers["business-checker"], id, [sha256.Size]byte(digest))
}

// accountCorruptions are what is done to personal accounts behind the triggers' back.
func accountCorruptions() []corruption {
	broken := func(name, sql, row, text string) corruption {
		return corruption{id: "accounts", name: name, sql: []string{sql}, row: row, text: text} //nolint:exhaustruct // of accounts alone
	}
	const (
		run  = `(select min(id) from interest_run)`
		last = `(select max(id) from interest_run)`
		// The one before the last is the last that was approved.
		approved = `(select max(id) from interest_run where id < (select max(id) from interest_run))`
		line     = `(select min(member_id) from interest_line where run_id = ` + run + `)`
	)
	return []corruption{
		broken("a line of more interest", `update interest_line set interest = interest + 1, amount = amount + 1
			where run_id = `+run+` and member_id = `+line, `'610305/' || `+run, "was decided over"),
		broken("a line too few", `delete from interest_line where run_id = `+last+` and member_id = (select max(member_id) from interest_line)`,
			`'610305/' || `+last, "was decided over"),
		broken("a line that forgets what was posted", `update interest_line set before = 0, amount = interest
			where run_id = `+last+` - 0 and member_id = `+line, `'610305/' || `+last, "was decided over"),
		broken("a line of nothing", `insert into interest_line select area, 5, member_id, id + 1000000000, opening, paid_in, paid_out,
			interest, before, amount, left_over from interest_line where run_id = `+run+` and member_id = `+line,
			`'610305/5 member ' || `+line, "is a line of no run"),
		broken("interest that is not posted", `update interest_line set id = id + 1000000000
			where run_id = `+run+` and member_id = `+line, `'610305/line ' || id + 1000000000 from interest_line where run_id = `+run+` and member_id = `+line, "was to be posted and is not"),
		broken("a run that went further", `update interest_progress set posted_upto = posted_upto + 1 where run_id = `+run,
			`'610305/' || `+run, "is said to be posted by"),
		broken("a subsidy of more", `update subsidy_line set entitled = entitled + 1, amount = amount + 1
			where member_id = (select min(member_id) from subsidy_line)`, `'610305/' || id from subsidy_run`, "was made of"),
		broken("a list that was made before its last day", `update subsidy_run set business_day = upto - 1`, `'610305/' || id from subsidy_run`,
			"and counts payments of 2011 up to"),
		broken("a level that owes less", `update subsidy_level set amount = amount - 1 where level = 'county'`,
			`'610305/' || id from subsidy_run`, "and its levels owe"),
		broken("money of another transfer", `update subsidy_arrival set amount = amount + 1
			where id = (select min(id) from subsidy_arrival)`, `'610305/arrival ' || min(id) from subsidy_arrival`, "in all, and it brought"),
		broken("money of another day", `update subsidy_arrival set arrived_on = arrived_on - 1 where id = (select max(id) from subsidy_arrival)`,
			`'610305/arrival ' || max(id) from subsidy_arrival`, "is no money that"),
		broken("money taken back by who named it", `update subsidy_arrival_withdrawn set named_by = 'x'`,
			`'610305/withdrawn ' || arrival_id from subsidy_arrival_withdrawn`, "who named it"),
		broken("money taken back of another level", `update subsidy_arrival set level = case level when 'county' then 'city' else 'county' end
			where id in (select arrival_id from subsidy_arrival_withdrawn)`, `'610305/withdrawn ' || arrival_id from subsidy_arrival_withdrawn`,
			"and it was named for"),
		broken("money taken back that was not there", `update subsidy_arrival_withdrawn set arrival_id = 5`, `'610305/withdrawn 5'`,
			"that is not there"),
		broken("money taken back by nobody who may", `update subsidy_arrival_withdrawn set withdrawn_by = (select login from officer
			where login like 'bureau-maker%' limit 1)`, `'610305/withdrawn ' || arrival_id from subsidy_arrival_withdrawn`,
			"who was no maker of agency business"),
		{ //nolint:exhaustruct // nothing else to do
			id: "accounts", name: "money taken back after the credit", sql: []string{
				`update subsidy_arrival_withdrawn set withdrawn_at = withdrawn_at + interval '1 hour'`,
				`update idempotency set created_at = created_at + interval '1 hour' where route like '%/subsidy-runs/%/withdraw'`,
			}, row: `'610305/withdrawn ' || arrival_id from subsidy_arrival_withdrawn`, text: "after its list was credited",
		},
		broken("a list that stopped", `update subsidy_progress set done = false`, `'610305/' || id from subsidy_run`, "is said to be posted by"),
		broken("a run that is not done", `update interest_progress set done = false where run_id = `+run, `'610305/' || `+run,
			"is said to be posted by"),
		broken("a run of another rate", `update interest_run set percent = '3.6%' where id = `+last, `'610305/' || `+last,
			"was not asked for as it stands"),
		{ //nolint:exhaustruct // nothing else to do
			id: "I5", name: "interest posted before its run",
			sql:  []string{`update interest_run set business_day = business_day + 1 where id = ` + run},
			row:  `'610305/' || min(id) from entry where cause like 'interest_run:' || ` + run + ` || ':%'`,
			text: "differs from interest run",
		},
		{ //nolint:exhaustruct // nothing else to do
			id: "I5", name: "subsidies posted before their list", sql: []string{`update subsidy_run set business_day = business_day + 1000`},
			row: `'610305/' || min(id) from entry where cause like 'subsidy_run:%'`, text: "of subsidies was made",
		},
		{ //nolint:exhaustruct // nothing else to do
			id: "accounts", name: "a run that was approved for another year", also: []string{"I5"},
			sql: []string{`update interest_run_approved set year = 2010 where run_id = ` + approved}, row: `'610305/' || ` + approved,
			text: "was approved as another one",
		},
		{ //nolint:exhaustruct // nothing else to do
			id: "accounts", name: "a progress of nobody", also: []string{"I5", "I28"},
			sql: []string{`delete from interest_run_approved where run_id = ` + approved}, row: `'610305/' || ` + approved,
			text: "is posted, and nobody approved it",
		},
	}
}

func TestYearsAreWhatWasReckonedDecidedAndPosted(t *testing.T) {
	t.Parallel()
	corrupted(t, "accounts")
}

// subsidise lists, receives and credits the subsidies of the year.
func (w *proofWorld) subsidise() {
	w.t.Helper()
	for rule, value := range map[string]string{
		"contribution_subsidies": "50.00:30.00", "contribution_subsidy_payers": "province:50% county:50%",
	} {
		w.d.Exec(w.t, `insert into area_rule values (610305, $1, '2011-01-01', to_jsonb($2::text), 'subsidies of 2011')`, rule, value)
	}
	w.d.KeepRules(w.t)
	service := personal.New(w.db.Personal(), func() calendar.Day { return w.today })
	maker := w.books.Officers["business-maker"]
	var run personal.SubsidyRun
	take := w.render(func(v any) { run = as[personal.SubsidyRun](v) })
	_, err := service.MakeSubsidies(w.t.Context(), w.request("subsidy-runs"), take, maker, personal.SubsidyOrder{
		Scheme: ledger.Rural, Year: 2011, DueOn: calendar.MustDay("2011-12-20"), Document: "letter 9",
	})
	w.must(err)
	for _, level := range run.Levels {
		i := fundtransfer.Instruction{ //nolint:exhaustruct // a subsidy
			Kind: ledger.SubsidyReceipt, To: w.books.Accounts[ledger.FiscalSpecial], Amount: level.Amount,
			Purpose: fundtransfer.Contribution,
		}
		w.move("bureau", i)
		var id int64
		w.ask(`select max(id) from fund_transfer where purpose = 'contribution'`, &id)
		part := personal.SubsidyPart{Transfer: id, Level: level.Level, Amount: 0}
		_, err := service.NameSubsidy(w.t.Context(), w.request("subsidy-runs/{id}/arrivals"), take, maker, run.ID, part)
		w.must(err)
		if level.Level == policy.Province {
			w.takeBack(service, &run, take)
			_, err = service.NameSubsidy(w.t.Context(), w.request("subsidy-runs/{id}/arrivals"), take, maker, run.ID, part)
			w.must(err)
		}
	}
	_, err = service.CreditSubsidies(w.t.Context(), w.request("subsidy-runs/{id}/credit"), take, maker, run.ID)
	w.must(err)
	w.approveDecision(run.Decision)
	w.must(service.PostSubsidies(w.t.Context(), proofArea, run.ID))
	w.jobs = nil
	w.nameSubsidies()
}

// takeBack has another maker take the province's money back.
func (w *proofWorld) takeBack(service *personal.Service, run *personal.SubsidyRun, take once.Render) {
	w.t.Helper()
	for _, sql := range []string{
		`insert into person (id, name) values (97, 'second desk')`,
		`insert into officer (login, person_id, organisation_id, password_hash, created_at)
			select 'second-desk', 97, id, '', now() from organisation where area = 610305 and kind = 'agency_business'`,
		`insert into duty_grant (login, duty, granted_at) values ('second-desk', 'maker', '2009-09-01')`,
	} {
		w.d.Exec(w.t, sql)
	}
	second := w.books.Officers["business-maker"]
	second.Login, second.Person = "second-desk", 97
	_, err := service.WithdrawSubsidy(w.t.Context(), w.request("subsidy-runs/{id}/arrivals/{arrival}/withdraw"), take, second,
		run.ID, run.Levels[0].Arrivals[0].ID, "letter 10")
	w.must(err)
}

// nameSubsidies names money for base pensions, and takes a part back that another person
// named wrongly.
func (w *proofWorld) nameSubsidies() {
	w.t.Helper()
	w.move("bureau", fundtransfer.Instruction{ //nolint:exhaustruct // a subsidy
		Kind: ledger.SubsidyReceipt, To: w.books.Accounts[ledger.FiscalSpecial], Amount: 100_00,
		Purpose: fundtransfer.BasePension,
	})
	days, err := calendar.Official()
	w.must(err)
	service := subsidy.New(w.db.Subsidies(), days, func() calendar.Day { return w.today })
	var named subsidy.Named
	take := w.render(func(v any) { named = as[subsidy.Named](v) })
	id := w.theID(`select max(id) from fund_transfer where purpose = 'base_pension'`)
	month := calendar.MustMonth("2012-01")
	_, err = service.Name(w.t.Context(), w.request("pension-subsidies/arrivals"), take, w.books.Officers["bureau-maker"], id,
		[]subsidy.Part{
			{Month: month, Level: policy.Centre, Amount: 60_00}, {Month: month.Add(1), Level: policy.Centre, Amount: 40_00},
		})
	w.must(err)
	_, err = service.Withdraw(w.t.Context(), w.request("pension-subsidies/arrivals/{id}/withdraw"), take,
		w.books.Officers["finance-maker"], named.Arrivals[1].ID, "letter 11")
	w.must(err)
	w.jobs = nil
}

// subsidyCorruptions are what is done to government's money for base pensions behind the
// triggers' back.
func subsidyCorruptions() []corruption {
	broken := func(name, sql, row, text string) corruption {
		return corruption{id: "pension-subsidies", name: name, sql: []string{sql}, row: row, text: text} //nolint:exhaustruct // alone
	}
	const (
		arrival = `(select min(id) from pension_subsidy_arrival)`
		gone    = `(select max(id) from pension_subsidy_arrival)`
		counted = `(select min(batch_id) from payment_batch_base)`
		months  = `'610305/' || batch_id || ' ' || to_char(month, 'YYYY-MM') from payment_batch_base where batch_id = ` + counted + ` limit 1`
	)
	return []corruption{
		broken("a pension more is counted", `update payment_batch_base set items = items + 1 where batch_id = `+counted, months,
			"counts "),
		broken("pensions of less", `update payment_batch_base set base_pension = base_pension - 1 where batch_id = `+counted, months,
			"counts 0 base pensions of"),
		broken("money of another day", `update pension_subsidy_arrival set arrived_on = arrived_on - 1 where id = `+arrival,
			`'610305/' || `+arrival, "is no money that transfer"),
		broken("more than arrived", `update pension_subsidy_arrival set amount = amount + 4001 where id = `+arrival,
			`'610305/' || `+arrival, "for 100.01 in all, and it brought 100.00"),
		broken("named by nobody who may", `update pension_subsidy_arrival set named_by = (select login from officer where login like
			'business-maker%' limit 1) where id = `+arrival, `'610305/' || `+arrival, "who was no maker that names"),
		broken("named by somebody else", `update pension_subsidy_withdrawn set named_person = -1`,
			`'610305/withdrawn ' || `+gone, "who named it"),
		broken("taken back for another level", `update pension_subsidy_arrival set level = case level when 'county' then 'city' else
			'county' end where id = `+gone, `'610305/withdrawn ' || `+gone, "and it was named for"),
		broken("nothing was taken back", `update pension_subsidy_withdrawn set arrival_id = 5`, `'610305/withdrawn 5'`,
			"that is not there"),
	}
}

func TestPensionSubsidiesAreFrozenAndBooked(t *testing.T) {
	t.Parallel()
	corrupted(t, "pension-subsidies")
}
