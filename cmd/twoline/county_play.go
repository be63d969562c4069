package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"twoline/adapters/bank/gb18030"
	"twoline/adapters/bank/simbank"
	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

// The district's accounts at the postal bank, by scheme and role as the API
// names them.
const (
	ruralIncome  = "rural income"
	ruralFiscal  = "rural fiscal_special"
	ruralPayout  = "rural expenditure"
	ruralDeposit = "rural fixed_deposit"
	urbanFiscal  = "urban fiscal_special"
	urbanDeposit = "urban fixed_deposit"
)

// numbers are the accounts' numbers at the bank.
func (c *countyPlay) numbers() map[string]string {
	return map[string]string{
		ruralIncome: postIncome, ruralFiscal: postFiscal, ruralPayout: postPayout, ruralDeposit: postDeposit,
		urbanFiscal: "961001010000000032", urbanDeposit: "961001010000000034",
	}
}

// What was published of 2011, and the opening that follows from it.
const (
	chencangOpening  money.Amount = 88_137_620_00
	chencangSubsidy  money.Amount = 43_899_000_00
	chencangDeposits money.Amount = 130_706_000_00
	chencangLoan     money.Amount = 3_500_000_00
	urbanOpening     money.Amount = 4_490_000_00
	urbanDeposits    money.Amount = 4_300_000_00
)

// countyPlay is Chencang district's 2011.
type countyPlay struct {
	stage  *stage
	people people
	// from is the first month that is lived: January, unless a test is in a hurry.
	from     calendar.Month
	seed     uint64
	report   yearReport
	post     *simbank.Bank
	accounts map[string]fundAccount
	days     *calendar.WorkingDays
	// runs are the month's, as they were approved; regular are the ids of each month's.
	runs    []payRun
	regular []string
	// serial numbers the moves that the bank is asked for.
	serial int
	// mistaken are the bank's references of what it booked by mistake.
	mistaken []string
}

// ended implements playing.
func (c *countyPlay) ended(w io.Writer, lang string, asJSON bool, took time.Duration) (string, error) {
	c.report.Seconds, c.report.PeakMiB = took.Round(time.Second).String(), peakMiB()
	if asJSON {
		return c.report.Verify, printJSON(w, c.report)
	}
	return c.report.Verify, c.report.write(w, lang)
}

// scenes is the script: the registers, twelve months, the close.
func (c *countyPlay) scenes() []scene {
	out := []scene{
		{"registering the district and its members", c.register},
		{"opening balances and officers", c.openBooks},
		{"the postal bank connects", c.connect},
	}
	for month := c.from; month.Year() == c.from.Year(); month = month.Add(1) {
		out = append(out, scene{"living " + month.String(), func(ctx context.Context) error { return c.month(ctx, month) }})
	}
	return append(out,
		scene{"the year closes", c.closeYear},
		scene{"Songpan 2010 from its published lines", c.songpan},
		scene{"every invariant is proved", c.verify})
}

func (c *countyPlay) register(ctx context.Context) error {
	area := c.people.area
	number := c.numbers()
	var funds strings.Builder
	funds.WriteString("scheme,role,bank,account_no,name,settlement,opened_on\n")
	for _, f := range []struct{ key, scheme, role, name string }{
		{ruralIncome, "rural", "income", "新农保收入户"},
		{ruralFiscal, "rural", "fiscal_special", "新农保财政专户"},
		{ruralPayout, "rural", "expenditure", "新农保支出户"},
		{ruralDeposit, "rural", "fixed_deposit", "新农保财政专户定期"},
		{urbanFiscal, "urban", "fiscal_special", "城居保财政专户"},
		{urbanDeposit, "urban", "fixed_deposit", "城居保财政专户定期"},
	} {
		fmt.Fprintf(&funds, "%s,%s,psbc,%s,%s,net,%s\n", f.scheme, f.role, number[f.key], f.name, c.from.First())
	}
	for _, file := range []struct {
		area party.Area
		kind registry.Kind
		csv  string
	}{
		{0, registry.KindAreas, "area,name\n610304,陈仓区\n513224,松潘县\n"},
		{area, registry.KindPolicies, "rule,effective_from,value,document\n" +
			"collection_mode,2011-01-01,agency,区政府办法\nincome_zero_at_month_end,2011-01-01,true,区财政局通知\n" +
			"interest_rate,2011-01-01,2.75%,本演示的假设\n"},
		{area, registry.KindBanks, "bank,bank_no,name,format,row_limit,charset\n" +
			"psbc,403100000004,邮政储蓄银行,jsonl,150000,gb18030\n"},
		{area, registry.KindFundAccounts, funds.String()},
	} {
		if err := c.stage.load(ctx, file.area, file.kind, file.csv); err != nil {
			return err
		}
	}
	if err := c.stage.stream(ctx, area, registry.KindRegions, c.people.table("regions", false)); err != nil {
		return err
	}
	return c.enrol(ctx, false)
}

// enrol imports members, then their accounts and mandates beside their tiers.
func (c *countyPlay) enrol(ctx context.Context, newcomers bool) error {
	load := func(ctx context.Context, kinds ...registry.Kind) error {
		for _, kind := range kinds {
			if err := c.stage.stream(ctx, c.people.area, kind, c.people.table(string(kind), newcomers)); err != nil {
				return err
			}
		}
		return nil
	}
	if err := load(ctx, registry.KindMembers); err != nil {
		return err
	}
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error { return load(ctx, registry.KindInstruments, registry.KindMandates) })
	both.Go(func() error { return load(ctx, registry.KindTiers) })
	return both.Wait() //nolint:wrapcheck // of stream
}

// award has every pension of the year's first month computed from the rules, and a second
// person approve it: nobody gave the amounts.
func (c *countyPlay) award(ctx context.Context) error {
	var run struct {
		Decision string `json:"decision_id"`
		Digest   string `json:"decision_digest"`
		Members  int    `json:"members"`
		Refused  int    `json:"refused"`
	}
	order := map[string]string{"scheme": "rural", "month": c.from.String()}
	if err := c.stage.desks["business"].post(ctx, "/v1/award-runs", order, &run); err != nil {
		return err
	}
	if run.Members != c.people.pensioners || run.Refused != 0 {
		return fmt.Errorf("pensions of %d of %d members follow from the rules, %d were refused", run.Members,
			c.people.pensioners, run.Refused)
	}
	return c.stage.desks["business-check"].post(ctx, "/v1/decisions/"+run.Decision+"/approve",
		map[string]string{"digest": run.Digest}, nil)
}

func (c *countyPlay) openBooks(ctx context.Context) error {
	for _, o := range []struct {
		login, name string
		in          approval.Organisation
		duty        approval.Duty
	}{
		{"business", "周敏", approval.AgencyBusiness, approval.Maker},
		{"business-check", "田野", approval.AgencyBusiness, approval.Checker},
		{"finance", "高洁", approval.AgencyFinance, approval.Maker},
		{"finance-check", "罗永", approval.AgencyFinance, approval.Checker},
		{"releaser", "郑重", approval.AgencyFinance, approval.Releaser},
		{"bureau", "何平", approval.FinanceBureau, approval.Maker},
		{"bureau-check", "马骏", approval.FinanceBureau, approval.Checker},
		{"auditor", "吴静", approval.Auditor, approval.Viewer},
	} {
		if err := c.stage.hire(ctx, o.login, o.name, o.in, c.people.area, o.duty); err != nil {
			return err
		}
	}
	if err := c.refresh(ctx); err != nil {
		return err
	}
	var balances []map[string]string
	before := c.from.Add(-1)
	for key := range c.numbers() {
		balances = append(balances, map[string]string{
			"fund_account": c.accounts[key].ID, "day": before.Last().String(), "balance": c.opening(key).String(),
			"statement_number": before.String(),
		})
	}
	if err := enterOpenings(ctx, c.stage.desks["finance"], c.stage.desks["finance-check"], balances); err != nil {
		return err
	}
	return c.award(ctx)
}

func (c *countyPlay) opening(key string) money.Amount {
	return map[string]money.Amount{ruralFiscal: chencangOpening, urbanFiscal: urbanOpening}[key]
}

func (c *countyPlay) refresh(ctx context.Context) error {
	var page struct {
		Items []struct {
			fundAccount

			Scheme string `json:"scheme"`
		} `json:"items"`
	}
	if err := c.stage.desks["finance"].get(ctx, "/v1/fund-accounts", &page); err != nil {
		return err
	}
	c.accounts = map[string]fundAccount{}
	for _, f := range page.Items {
		c.accounts[f.Scheme+" "+f.Role] = f.fundAccount
	}
	if len(c.accounts) != len(c.numbers()) {
		return errDemo.With("%d fund accounts, want %d", len(c.accounts), len(c.numbers()))
	}
	return nil
}

func (c *countyPlay) connect(ctx context.Context) error {
	client, err := c.stage.connect(ctx, psbc)
	if err != nil {
		return err
	}
	var funds []simbank.FundAccount
	for key, number := range c.numbers() {
		funds = append(funds, simbank.FundAccount{Number: number, Name: key, Opening: c.opening(key)})
	}
	c.post, err = simbank.New(simbank.Config{ //nolint:exhaustruct // a good bank with few wishes
		Seed: c.seed, Code: psbc, Client: client, Gateway: c.stage.api, Upload: c.stage.upload, Day: c.stage.day.today(),
		Format: simbank.Lines, Charset: gb18030.GB18030, Statements: simbank.CamtStatements, PageSize: 10_000,
		Accounts: c.people.accounts(), FundAccounts: funds, Log: c.stage.log,
	})
	if err != nil {
		return err
	}
	c.stage.banks = append(c.stage.banks, c.post)
	return nil
}

// event is something that happens on a day of the year.
type event struct {
	day  calendar.Day
	what func(context.Context) error
}

// month lives one month: what happens on its days in order, and the days between.
func (c *countyPlay) month(ctx context.Context, month calendar.Month) error {
	events, err := c.events(month)
	if err != nil {
		return err
	}
	slices.SortStableFunc(events, func(a, b event) int { return a.day.Compare(b.day) })
	for _, e := range events {
		if err := c.stage.turn(ctx, e.day); err != nil {
			return err
		}
		if err := e.what(ctx); err != nil {
			return fmt.Errorf("%s: %w", e.day, err)
		}
	}
	return c.stage.turn(ctx, month.Last())
}

// events are what the district does in a month. When money came within the year
// was not published: subsidies come each quarter, withholding runs are in March
// and April, the late allocation is May's.
func (c *countyPlay) events(month calendar.Month) ([]event, error) {
	payDay, err := c.days.PayDay(month, 25)
	if err != nil {
		return nil, err
	}
	handover, err := c.days.Add(payDay, -3)
	if err != nil {
		return nil, err
	}
	prepare, err := c.days.Add(handover, -2)
	if err != nil {
		return nil, err
	}
	lastWorking, err := c.days.OnOrBefore(month.Last())
	if err != nil {
		return nil, err
	}
	out := []event{
		{prepare, func(ctx context.Context) error { return c.prepareRun(ctx, month) }},
		{handover, func(ctx context.Context) error { return c.fundAndRelease(ctx, month) }},
		{lastWorking, c.sweep},
	}
	if month.Compare(c.from) > 0 {
		out = append(out, event{month.Day(2), func(ctx context.Context) error { return c.closeMonth(ctx, month.Add(-1)) }},
			event{month.Day(5), c.correctAccounts})
	}
	if month.Number()%3 == 0 {
		out = append(out, event{month.Day(10), c.subsidy})
	}
	switch month.Number() {
	case 2:
		out = append(out, event{month.Day(10), func(ctx context.Context) error { return c.enrol(ctx, true) }},
			event{month.Day(15), func(context.Context) error { return c.fallAsleep(month) }})
	case 3, 4:
		out = append(out, event{month.Day(1), c.topUp}, event{month.Day(1), c.withhold})
	case 5, 9:
		out = append(out, event{month.Day(15), func(context.Context) error { return c.fallAsleep(month) }})
	case 6:
		out = append(out, event{month.Day(10), c.repay})
	case 8:
		out = append(out, c.mistakes(month, handover)...)
	case 12:
		out = append(out, event{month.Day(28), c.placeDeposits})
	}
	return out, nil
}

// topUp has everybody bring the money before the second withholding run.
func (c *countyPlay) topUp(context.Context) error {
	var err error
	if c.stage.day.today().Month().Number() != 4 {
		return nil
	}
	c.post.Ledger(func(l *simbank.Ledger) {
		for i := range c.people.payers {
			if i%50 == 49 {
				m := c.people.at(i)
				err = errors.Join(err, l.Deposit(m.account, m.tier))
			}
		}
	})
	return err
}

func (c *countyPlay) withhold(ctx context.Context) error {
	var run runAnswer
	err := c.stage.desks["business"].post(ctx, "/v1/withholding-runs", map[string]any{"scheme": "rural", "year": 2011}, &run)
	if err != nil {
		return err
	}
	return c.stage.settle(ctx)
}

// sweep moves what the income account holds to the fiscal special account.
func (c *countyPlay) sweep(ctx context.Context) error {
	if err := c.refresh(ctx); err != nil {
		return err
	}
	amount := c.accounts[ruralIncome].Balance
	if amount == 0 {
		return nil
	}
	c.report.Swept += amount
	return c.move(ctx, "finance", "finance-check", transferAsk{
		kind: "sweep", from: ruralIncome, to: ruralFiscal,
		amount: amount, document: "上划凭证",
	})
}

func (c *countyPlay) subsidy(ctx context.Context) error {
	amount := chencangSubsidy / 4
	c.report.Subsidies += amount
	return c.move(ctx, "bureau", "bureau-check", transferAsk{
		kind: "subsidy", from: "", to: ruralFiscal, amount: amount,
		document: "财政补贴拨款单", extra: map[string]any{"purpose": "unspecified"},
	})
}

func (c *countyPlay) repay(ctx context.Context) error {
	c.report.WorkingCashRepaid += chencangLoan
	return c.move(ctx, "bureau", "bureau-check", transferAsk{
		kind: "loan_repayment", from: ruralFiscal, to: "",
		amount: chencangLoan, document: "周转金归还单",
	})
}

func (c *countyPlay) placeDeposits(ctx context.Context) error {
	for _, d := range []struct {
		from, to string
		amount   money.Amount
	}{{ruralFiscal, ruralDeposit, chencangDeposits}, {urbanFiscal, urbanDeposit, urbanDeposits}} {
		err := c.move(ctx, "bureau", "bureau-check", transferAsk{
			kind: "deposit_placement", from: d.from, to: d.to, amount: d.amount, document: "定期存单",
			extra: map[string]any{"matures_on": "2012-12-28", "rate": "0.0350"},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// transferAsk is a two-line move: an empty end is somebody outside the fund.
type transferAsk struct {
	kind, from, to string
	amount         money.Amount
	document       string
	extra          map[string]any
}

// move has the bank carry out an instruction and two people book it.
func (c *countyPlay) move(ctx context.Context, maker, checker string, t transferAsk) error {
	number := c.numbers()
	body := map[string]any{
		"kind": t.kind, "amount": t.amount, "effective_on": c.stage.day.today(), "document": t.document,
	}
	if t.kind == "sweep" {
		body["amount"] = "all"
	}
	for key, end := range map[string]string{"from_account": t.from, "to_account": t.to} {
		if end != "" {
			body[key] = c.accounts[end].ID
		}
	}
	maps.Copy(body, t.extra)
	c.serial++
	step := simbank.Move{Amount: t.amount, Reference: fmt.Sprintf("TW%s%04d", t.kind[:2], c.serial), Text: t.document}
	if t.from == "" {
		reference, err := c.post.Subsidise(number[t.to], step)
		if err != nil {
			return err
		}
		body["bank_reference"] = reference
	}
	var made struct {
		ID     string `json:"id"`
		Digest string `json:"digest"`
	}
	if err := c.stage.desks[maker].post(ctx, "/v1/fund-transfers", body, &made); err != nil {
		return err
	}
	step.Reference = made.ID
	var err error
	switch {
	case t.from != "" && t.to != "":
		_, err = c.post.Transfer(number[t.from], number[t.to], step)
	case t.from != "":
		_, err = c.post.Transfer(number[t.from], "610304000000000001", step)
	}
	if err != nil {
		return err
	}
	return c.stage.desks[checker].post(ctx, "/v1/fund-transfers/"+made.ID+"/approve", map[string]string{"digest": made.Digest}, nil)
}

func (c *countyPlay) closeMonth(ctx context.Context, month calendar.Month) error {
	for _, key := range slices.Sorted(maps.Keys(c.numbers())) {
		path := "/v1/periods/" + c.accounts[key].ID + "/" + month.String() + "/close"
		if err := c.stage.desks["finance-check"].post(ctx, path, map[string]any{}, nil); err != nil {
			return err
		}
		if month.Number() == 8 {
			paper := "/v1/reconciliations/" + c.accounts[key].ID + "/" + month.String() + "/statement?format=pdf"
			err := c.stage.keepPaper(ctx, paper, "reconciliation-"+strings.ReplaceAll(key, " ", "-")+"-"+month.String()+".pdf")
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// prepareRun makes the month's run, and one for what came back since the last.
func (c *countyPlay) prepareRun(ctx context.Context, month calendar.Month) error {
	c.runs = nil
	for _, kind := range []string{"regular", "reissue"} {
		run, found, err := c.stage.prepareRun(ctx, month, kind)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		c.runs = append(c.runs, run)
		if kind == "regular" {
			c.report.PayDays = append(c.report.PayDays, run.PayDay)
			c.regular = append(c.regular, run.ID)
		}
	}
	return nil
}

// fundAndRelease brings the month's money to the expenditure account and lets the
// runs go. In May the allocation is late, and finance lends the working cash.
func (c *countyPlay) fundAndRelease(ctx context.Context, month calendar.Month) error {
	var need money.Amount
	for _, run := range c.runs {
		need += run.Amount
	}
	if err := c.refresh(ctx); err != nil {
		return err
	}
	need -= c.accounts[ruralPayout].Balance
	if month.Number() == 5 {
		c.report.WorkingCashLent += chencangLoan
		err := c.move(ctx, "bureau", "bureau-check", transferAsk{
			kind: "loan", from: "", to: ruralFiscal, amount: chencangLoan, document: "财政周转金借款单", extra: nil,
		})
		if err != nil {
			return err
		}
	}
	if need > 0 {
		err := c.move(ctx, "bureau", "bureau-check", transferAsk{
			kind: "allocation", from: ruralFiscal, to: ruralPayout, amount: need, document: "用款计划", extra: nil,
		})
		if err != nil {
			return err
		}
	}
	for _, run := range c.runs {
		if err := c.stage.release(ctx, run); err != nil {
			return err
		}
	}
	return c.stage.settle(ctx)
}

// fallAsleep has three pensioners' accounts at the bank fall asleep: what is paid
// to them comes back some days later. Who they were was not published.
func (c *countyPlay) fallAsleep(month calendar.Month) error {
	var err error
	c.post.Ledger(func(l *simbank.Ledger) {
		for k := range 3 {
			who := c.people.payers + (month.Number()*3+k)*c.people.pensioners/40
			err = errors.Join(err, l.SetState(c.people.at(who).account, simbank.Dormant))
		}
	})
	return err
}

// correctAccounts gives those whose last pension came back another account, asked
// for and approved by two people of the business desk; the next run pays them again.
func (c *countyPlay) correctAccounts(ctx context.Context) error {
	if len(c.regular) == 0 {
		return nil
	}
	var list struct {
		Items []struct {
			Member   string `json:"member_id"`
			SocialNo string `json:"social_no"`
		} `json:"items"`
	}
	last := c.regular[len(c.regular)-1]
	if err := c.stage.desks["business"].get(ctx, "/v1/pay-runs/"+last+"/proof/returned", &list); err != nil {
		return err
	}
	for _, name := range list.Items {
		who, err := c.people.bySocialNo(name.SocialNo)
		if err != nil {
			return err
		}
		c.serial++
		number := fmt.Sprintf("60109%011d", c.serial)
		c.post.Ledger(func(l *simbank.Ledger) {
			err = l.Open(simbank.Account{Number: number, Name: who.name, IDNumber: who.idNumber}) //nolint:exhaustruct // in good order
		})
		if err != nil {
			return fmt.Errorf("open account: %w", err)
		}
		err = c.stage.changeAccount(ctx, name.Member, map[string]any{
			"bank": psbc, "kind": "passbook", "account_no": number, "activated": true, "document": "账户变更申请表",
		})
		if err != nil {
			return err
		}
	}
	c.report.Returned += len(list.Items)
	return nil
}

// closeYear closes December and reads what the year came to.
func (c *countyPlay) closeYear(ctx context.Context) error {
	if err := c.stage.turn(ctx, calendar.MustDay("2012-01-02")); err != nil {
		return err
	}
	if err := c.closeMonth(ctx, calendar.MustMonth("2011-12")); err != nil {
		return err
	}
	if err := c.interest(ctx); err != nil {
		return err
	}
	if err := c.refresh(ctx); err != nil {
		return err
	}
	var ids []string
	for _, key := range slices.Sorted(maps.Keys(c.numbers())) {
		ids = append(ids, c.accounts[key].ID)
	}
	r, err := c.stage.reconcile(ctx, ids, calendar.MustDay("2011-12-31"))
	if err != nil {
		return err
	}
	c.report.Reconciled, c.report.StatementLines, c.report.MatchedLines = r.agrees, r.lines, r.matched
	c.report.OpenBreaks = r.breaks
	held := func(keys ...string) (sum money.Amount) {
		for _, key := range keys {
			sum += c.accounts[key].Balance
		}
		return sum
	}
	c.report.RuralFundClosing = held(ruralIncome, ruralFiscal, ruralPayout, ruralDeposit)
	c.report.RuralFixedDeposits = held(ruralDeposit)
	c.report.UrbanFundClosing, c.report.UrbanFixedDeposits = held(urbanFiscal, urbanDeposit), held(urbanDeposit)
	return c.count(ctx)
}

// interest has the year's interest of every account reckoned and posted.
func (c *countyPlay) interest(ctx context.Context) error {
	type interestRun struct {
		ID       string       `json:"id"`
		Decision string       `json:"decision_id"`
		Accounts int          `json:"accounts"`
		Interest money.Amount `json:"interest"`
		Status   string       `json:"status"`
		Posted   int          `json:"posted"`
	}
	var run interestRun
	var decision struct {
		Digest string `json:"digest"`
	}
	desk, checker := c.stage.desks["business"], c.stage.desks["business-check"]
	order := map[string]any{"scheme": "rural", "year": c.from.Year(), "rate": "final"}
	if err := desk.post(ctx, "/v1/interest-runs", order, &run); err != nil {
		return err
	}
	err := checker.get(ctx, "/v1/decisions/"+run.Decision, &decision)
	if err == nil {
		err = checker.post(ctx, "/v1/decisions/"+run.Decision+"/approve", map[string]string{"digest": decision.Digest}, nil)
	}
	if err == nil {
		err = c.stage.settle(ctx)
	}
	if err == nil {
		err = desk.get(ctx, "/v1/interest-runs/"+run.ID, &run)
	}
	if err != nil {
		return err
	}
	if run.Status != "posted" || run.Posted != c.people.payers || run.Accounts != c.people.payers {
		return fmt.Errorf("interest of %d of %d accounts is posted, of %d payers", run.Posted, run.Accounts, c.people.payers)
	}
	c.report.AccountInterest = run.Interest
	return nil
}

// count reads payers and pensions from the books' own reports.
func (c *countyPlay) count(ctx context.Context) error {
	var list struct {
		Villages []villageLine `json:"villages"`
	}
	if err := c.stage.desks["auditor"].get(ctx, "/v1/feedback?scheme=rural&year=2011", &list); err != nil {
		return err
	}
	for _, v := range list.Villages {
		c.report.Payers += v.Paid
		c.report.Contributions += v.Amount
	}
	proofs := make([]cycleProof, len(c.regular))
	err := fault.Together(2, len(proofs), func(i int) (err error) {
		proofs[i], err = c.stage.proof(ctx, c.regular[i])
		return err
	})
	if err != nil {
		return err
	}
	for _, proof := range proofs {
		c.report.Pensioners = max(c.report.Pensioners, proof.Paid.Count)
		c.report.PensionsPaid += proof.Paid.Amount
		c.report.NotInPlace += proof.NotInPlace.Count
		c.report.Reissued += proof.Reissued.Count
	}
	return nil
}

func (c *countyPlay) songpan(ctx context.Context) error {
	income, balance, err := c.stage.songpan(ctx)
	c.report.SongpanIncome, c.report.SongpanBalance = income, balance
	c.report.SongpanUnexplained = income - songpanPublishedIncome
	return err
}

func (c *countyPlay) verify(ctx context.Context) error {
	var err error
	c.report.Verify, c.report.Invariants, err = c.stage.verify(ctx)
	return err
}
