package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"twoline/adapters/bank/gb18030"
	"twoline/adapters/bank/layout"
	"twoline/adapters/bank/simbank"
	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

// villagePlay is the money in of one month, March 2011, in three villages.
type villagePlay struct {
	stage  *stage
	county county
	seed   uint64
	report demoReport

	post, coop, builder *simbank.Bank
	accounts            map[string]fundAccount
	firstRunID          string
}

// fundAccount is one row of GET /v1/fund-accounts.
type fundAccount struct {
	ID      string       `json:"id"`
	Role    string       `json:"role"`
	Bank    string       `json:"bank"`
	Balance money.Amount `json:"balance"`
}

const (
	postIncome  = "961001010000000011"
	postFiscal  = "961001010000000012"
	postPayout  = "961001010000000013"
	postDeposit = "961001010000000014"
	coopIncome  = "270301040000000021"
	coopPayout  = "270301040000000023"
	ccbIncome   = "610501626000000031"
	ccbPayout   = "610501626000000033"
)

// partner is a simulated bank of the demonstration and the forms of its files.
type partner struct {
	code       string
	format     simbank.Format
	charset    layout.Charset
	statements simbank.StatementFormat
	// settlement is how its collections reach the income account.
	settlement simbank.Settlement
	// accounts are the agency's, by number.
	accounts []string
}

// partners are the three banks: no two have a form in common.
func partners() []partner {
	return []partner{
		{
			code: psbc, format: simbank.JSON, charset: "", statements: simbank.CamtStatements, settlement: simbank.Net,
			accounts: []string{postIncome, postFiscal, postPayout, postDeposit},
		},
		{
			code: rcc, format: simbank.Cooperative, charset: "", statements: simbank.LinesStatements,
			settlement: simbank.Net, accounts: []string{coopIncome, coopPayout},
		},
		{
			code: ccb, format: "unionpay", charset: layout.UTF8, statements: simbank.MT940Statements,
			settlement: simbank.Itemised, accounts: []string{ccbIncome, ccbPayout},
		},
	}
}

// ended implements playing.
func (v *villagePlay) ended(w io.Writer, lang string, asJSON bool, took time.Duration) (string, error) {
	v.report.Seconds = took.Round(time.Second).String()
	if asJSON {
		return v.report.Verify, printJSON(w, v.report)
	}
	return v.report.Verify, v.report.write(w, lang)
}

// scenes is the script.
func (v *villagePlay) scenes() []scene {
	return []scene{
		{"registering areas, banks, accounts and members", v.register},
		{"opening balances and officers", v.openBooks},
		{"three partner banks connect", v.connectBanks},
		{"accounts are opened in bulk for who has none", v.openAccounts},
		{"first withholding run", v.firstRun},
		{"payments at a village terminal", v.terminal},
		{"payers top up, the next run takes up what failed", v.secondRun},
		{"a transfer across the lines is refused", v.crossing},
		{"March's pensions: roster, three people, files, pay day", v.firstPayRun},
		{"subsidies, sweep with maker and checker, fixed deposit", v.moves},
		{"month end closes", v.closeMonth},
		{"April's pensions, and what came back is paid again", v.secondPayRun},
		{"statements are reconciled", v.reconcile},
		{"Songpan 2010 from its published lines", v.songpan},
		{"every invariant is proved", v.verify},
	}
}

func (v *villagePlay) register(ctx context.Context) error {
	area := v.county.area
	csv := v.county.csv()
	regions := "region,name\n610304000000,陈仓区\n610304101000,虢镇\n610304101201,东关村\n610304101202,西关村\n" +
		"610304102000,阳平镇\n610304102201,联合村\n"
	banks := "bank,bank_no,name,format,row_limit,charset\npsbc,403100000004,邮政储蓄银行,json,50,gb18030\n" +
		"rcc,402100000018,农村信用社,rural-cooperative,150000,gb18030\n" +
		"ccb-baoji,105100000017,建设银行宝鸡分行,unionpay,50,utf-8\n"
	funds := "scheme,role,bank,account_no,name,settlement,opened_on\n" +
		"rural,income,psbc," + postIncome + ",新农保收入户,net,2011-03-01\n" +
		"rural,fiscal_special,psbc," + postFiscal + ",新农保财政专户,net,2011-03-01\n" +
		"rural,expenditure,psbc," + postPayout + ",新农保支出户,net,2011-03-01\n" +
		"rural,fixed_deposit,psbc," + postDeposit + ",新农保财政专户定期,net,2011-03-01\n" +
		"rural,income,rcc," + coopIncome + ",新农保收入户,net,2011-03-01\n" +
		"rural,expenditure,rcc," + coopPayout + ",新农保支出户,gross,2011-03-01\n" +
		"rural,income,ccb-baoji," + ccbIncome + ",新农保收入户,itemised,2011-03-01\n" +
		"rural,expenditure,ccb-baoji," + ccbPayout + ",新农保支出户,itemised,2011-03-01\n"
	for _, file := range []struct {
		area party.Area
		kind registry.Kind
		csv  string
	}{
		{0, registry.KindAreas, "area,name\n610304,陈仓区\n513224,松潘县\n"},
		{area, registry.KindRegions, regions},
		{area, registry.KindPolicies, "rule,effective_from,value,document\n" +
			"collection_mode,2011-01-01,agency,区政府办法\nincome_zero_at_month_end,2011-01-01,true,区财政局通知\n"},
		{area, registry.KindBanks, banks},
		{area, registry.KindFundAccounts, funds},
		{area, registry.KindMembers, csv["members"]},
		{area, registry.KindInstruments, csv["instruments"]},
		{area, registry.KindMandates, csv["mandates"]},
		{area, registry.KindTiers, csv["tiers"]},
		{area, registry.KindEntitlements, csv["entitlements"]},
	} {
		if err := v.stage.load(ctx, file.area, file.kind, file.csv); err != nil {
			return err
		}
	}
	return nil
}

// openBooks hires the officers and enters what the accounts held on the last day
// before go-live: five million in the fiscal special account.
func (v *villagePlay) openBooks(ctx context.Context) error {
	area := v.county.area
	for _, o := range []struct {
		login, name string
		in          approval.Organisation
		duties      []approval.Duty
	}{
		{"business", "周敏", approval.AgencyBusiness, []approval.Duty{approval.Maker}},
		{"business-check", "田野", approval.AgencyBusiness, []approval.Duty{approval.Checker}},
		{"releaser", "郑重", approval.AgencyFinance, []approval.Duty{approval.Releaser}},
		{"finance", "高洁", approval.AgencyFinance, []approval.Duty{approval.Maker}},
		{"finance-check", "罗永", approval.AgencyFinance, []approval.Duty{approval.Checker}},
		{"bureau", "何平", approval.FinanceBureau, []approval.Duty{approval.Maker}},
		{"bureau-check", "马骏", approval.FinanceBureau, []approval.Duty{approval.Checker}},
		{"auditor", "吴静", approval.Auditor, []approval.Duty{approval.Viewer}},
	} {
		if err := v.stage.hire(ctx, o.login, o.name, o.in, area, o.duties...); err != nil {
			return err
		}
	}
	if err := v.refreshAccounts(ctx); err != nil {
		return err
	}
	var balances []map[string]string
	for number, opening := range v.openings() {
		balances = append(balances, map[string]string{
			"fund_account": v.accounts[number].ID, "day": "2011-02-28", "balance": opening.String(),
			"statement_number": "2011-02",
		})
	}
	return enterOpenings(ctx, v.stage.desks["finance"], v.stage.desks["finance-check"], balances)
}

func (v *villagePlay) openings() map[string]money.Amount {
	return map[string]money.Amount{
		postIncome: 0, postFiscal: 5_000_000_00, postPayout: 0, postDeposit: 0, coopIncome: 0, coopPayout: 0,
		ccbIncome: 0, ccbPayout: 0,
	}
}

// numbers are the fund accounts' numbers in the order of the report.
func (v *villagePlay) numbers() []string {
	return []string{postIncome, coopIncome, ccbIncome, postFiscal, postPayout, coopPayout, ccbPayout, postDeposit}
}

// refreshAccounts reads the fund accounts as an officer sees them.
func (v *villagePlay) refreshAccounts(ctx context.Context) error {
	var page struct {
		Items []fundAccount `json:"items"`
	}
	if err := v.stage.desks["finance"].get(ctx, "/v1/fund-accounts", &page); err != nil {
		return err
	}
	v.accounts = map[string]fundAccount{}
	for _, f := range page.Items {
		switch f.Bank + " " + f.Role {
		case "psbc income":
			v.accounts[postIncome] = f
		case "psbc fiscal_special":
			v.accounts[postFiscal] = f
		case "psbc expenditure":
			v.accounts[postPayout] = f
		case "psbc fixed_deposit":
			v.accounts[postDeposit] = f
		case "rcc income":
			v.accounts[coopIncome] = f
		case "rcc expenditure":
			v.accounts[coopPayout] = f
		case "ccb-baoji income":
			v.accounts[ccbIncome] = f
		case "ccb-baoji expenditure":
			v.accounts[ccbPayout] = f
		}
	}
	if len(v.accounts) != len(v.numbers()) {
		return errDemo.With("%d fund accounts, want %d", len(v.accounts), len(v.numbers()))
	}
	return nil
}

func (v *villagePlay) connectBanks(ctx context.Context) error {
	for _, p := range partners() {
		b, err := v.bank(ctx, p)
		if err != nil {
			return err
		}
		switch p.code {
		case psbc:
			v.post = b
		case rcc:
			v.coop = b
		case ccb:
			v.builder = b
		}
	}
	return nil
}

func (v *villagePlay) bank(ctx context.Context, p partner) (*simbank.Bank, error) {
	client, err := v.stage.connect(ctx, p.code)
	if err != nil {
		return nil, err
	}
	var accounts []simbank.FundAccount
	for _, number := range p.accounts {
		accounts = append(accounts, simbank.FundAccount{Number: number, Name: "新农保", Opening: v.openings()[number]})
	}
	b, err := simbank.New(simbank.Config{ //nolint:exhaustruct // a good bank with few wishes
		Seed: v.seed, Code: strings.ToUpper(p.code[:3]), Client: client, Gateway: v.stage.api, Upload: v.stage.upload,
		Day: v.stage.day.today(), Format: p.format, Charset: gb18030.GB18030, FormCharset: p.charset,
		Statements: p.statements, PageSize: 40, Accounts: v.county.accounts(p.code), FundAccounts: accounts,
		Log: v.stage.log,
		Behaviour: simbank.Behaviour{ //nolint:exhaustruct // answers twice, out of order
			OutOfOrder: true, Repeat: "same", Settlement: p.settlement,
		},
	})
	if err != nil {
		return nil, err
	}
	v.stage.banks = append(v.stage.banks, b)
	return b, nil
}

// at is a member's bank.
func (v *villagePlay) at(code string) *simbank.Bank {
	switch code {
	case rcc:
		return v.coop
	case ccb:
		return v.builder
	}
	return v.post
}

// transfer moves money between the fiscal special account and another, in the books
// of both banks where they are two.
func (v *villagePlay) transfer(from, to string, m simbank.Move) error {
	if _, err := v.post.Transfer(from, to, m); err != nil {
		return err
	}
	for _, account := range []string{from, to} {
		if other := v.at(v.accounts[account].Bank); other != v.post {
			if _, err := other.Transfer(from, to, m); err != nil {
				return err
			}
		}
	}
	return nil
}

func (v *villagePlay) openAccounts(ctx context.Context) error {
	var opened struct {
		Openings []struct {
			ID    string `json:"id"`
			Count int    `json:"count"`
		} `json:"openings"`
	}
	err := v.stage.desks["business"].post(ctx, "/v1/account-openings", map[string]string{"bank": rcc}, &opened)
	if err != nil {
		return err
	}
	for _, o := range opened.Openings {
		v.report.AccountsOpened += o.Count
	}
	if err := v.stage.turn(ctx, calendar.MustDay("2011-03-04")); err != nil {
		return err
	}
	// The new card holders bring the first money.
	v.coop.Ledger(func(l *simbank.Ledger) {
		for c := range l.Customers() {
			if c.Balance == 0 {
				err = errors.Join(err, l.Deposit(c.Number, 600_00))
			}
		}
	})
	return err
}

// run makes the batches and lets the banks answer over two days.
func (v *villagePlay) run(ctx context.Context, until string) (runAnswer, error) {
	var run runAnswer
	err := v.stage.desks["business"].post(ctx, "/v1/withholding-runs",
		map[string]any{"scheme": "rural", "year": 2011}, &run)
	if err != nil {
		return run, err
	}
	if err := v.stage.settle(ctx); err != nil {
		return run, err
	}
	return run, v.stage.turn(ctx, calendar.MustDay(until))
}

type runAnswer struct {
	ID      string         `json:"id"`
	Held    map[string]int `json:"held"`
	Batches []struct {
		Count  int          `json:"count"`
		Amount money.Amount `json:"amount"`
	} `json:"batches"`
}

func (r runAnswer) items() int {
	n := 0
	for _, b := range r.Batches {
		n += b.Count
	}
	return n
}

func (v *villagePlay) firstRun(ctx context.Context) error {
	run, err := v.run(ctx, "2011-03-09")
	v.report.FirstRunItems, v.report.FirstRunBatches = run.items(), len(run.Batches)
	return err
}

// terminal has payers who cannot be debited pay at a village's terminal: the
// closed and the frozen account's owners.
func (v *villagePlay) terminal(ctx context.Context) error {
	members, err := v.stage.g.db.MemberIDs(ctx, v.county.area)
	if err != nil {
		return err
	}
	for _, i := range []int{17, 120} {
		p := v.county.people[i]
		_, err := v.post.TakeAtCounter(ctx, simbank.Payment{ //nolint:exhaustruct // paid today
			MemberID: strconv.FormatInt(members[p.socialNo], 10), Year: 2011, Amount: p.tier, Channel: "village",
			Terminal: "POS-" + p.region[6:], Account: postIncome,
		})
		if err != nil {
			return fmt.Errorf("terminal payment: %w", err)
		}
		v.report.TerminalPayments++
	}
	return v.stage.turn(ctx, calendar.MustDay("2011-03-11"))
}

func (v *villagePlay) secondRun(ctx context.Context) error {
	var err error
	for _, i := range []int{3, 40, 80, 100} {
		v.at(v.county.people[i].bank).Ledger(func(l *simbank.Ledger) {
			err = errors.Join(err, l.Deposit(v.county.people[i].account, 1_000_00))
		})
	}
	if err != nil {
		return err
	}
	run, err := v.run(ctx, "2011-03-16")
	v.report.SecondRunItems = run.items()
	return err
}

// crossing tries to move money from the income account to the expenditure account.
func (v *villagePlay) crossing(ctx context.Context) error {
	err := v.stage.desks["finance"].post(ctx, "/v1/fund-transfers", map[string]any{
		"kind": "sweep", "from_account": v.accounts[postIncome].ID, "to_account": v.accounts[postPayout].ID,
		"amount": "100.00", "effective_on": v.stage.day.today(), "document": "错误示例",
	}, nil)
	var r *refusal
	if !errors.As(err, &r) || r.status != http.StatusUnprocessableEntity {
		return errDemo.With("a transfer across the lines was not refused: %v", err)
	}
	v.report.CrossingRefused = r.code()
	return nil
}

// approved submits a transfer and has another person approve its digest. between,
// if given, is what the bank does with the instruction's id before.
func (v *villagePlay) approved(
	ctx context.Context, maker, checker string, body map[string]any, between func(id string) error,
) error {
	var t struct {
		ID     string `json:"id"`
		Digest string `json:"digest"`
	}
	if err := v.stage.desks[maker].post(ctx, "/v1/fund-transfers", body, &t); err != nil {
		return err
	}
	if between != nil {
		if err := between(t.ID); err != nil {
			return err
		}
	}
	return v.stage.desks[checker].post(ctx, "/v1/fund-transfers/"+t.ID+"/approve", map[string]string{"digest": t.Digest}, nil)
}

func (v *villagePlay) moves(ctx context.Context) error {
	if err := v.stage.turn(ctx, calendar.MustDay("2011-03-28")); err != nil {
		return err
	}
	if err := v.refreshAccounts(ctx); err != nil {
		return err
	}
	today := v.stage.day.today()
	reference, err := v.post.Subsidise(postFiscal, simbank.Move{Amount: 80_000_00, Reference: "CZ2011-03", Text: "中央财政补助"})
	if err != nil {
		return err
	}
	if err := v.approved(ctx, "bureau", "bureau-check", map[string]any{
		"kind": "subsidy", "to_account": v.accounts[postFiscal].ID, "amount": "80000.00", "purpose": "base_pension",
		"effective_on": today, "document": "财社〔2011〕3号", "bank_reference": reference,
	}, nil); err != nil {
		return err
	}
	v.report.Subsidies = 80_000_00
	for _, from := range []string{postIncome, coopIncome, ccbIncome} {
		amount := v.accounts[from].Balance
		if err := v.sweep(ctx, from, amount); err != nil {
			return err
		}
		v.report.Swept += amount
	}
	reference, err = v.post.Transfer(postFiscal, postDeposit, simbank.Move{
		Amount: 4_000_000_00, Reference: "DQ2011-01", Text: "转存定期",
	})
	if err != nil {
		return err
	}
	return v.approved(ctx, "bureau", "bureau-check", map[string]any{
		"kind": "deposit_placement", "from_account": v.accounts[postFiscal].ID, "to_account": v.accounts[postDeposit].ID,
		"amount": "4000000.00", "effective_on": today, "document": "定期存单 0001", "matures_on": "2012-03-28",
		"rate": "0.0300", "bank_reference": reference,
	}, nil)
}

// sweep is instructed, carried out by the banks under the instruction's id, and
// booked on approval.
func (v *villagePlay) sweep(ctx context.Context, from string, amount money.Amount) error {
	return v.approved(ctx, "finance", "finance-check", map[string]any{
		"kind": "sweep", "from_account": v.accounts[from].ID, "to_account": v.accounts[postFiscal].ID, "amount": "all",
		"effective_on": v.stage.day.today(), "document": "上划凭证 3",
	}, func(id string) error {
		return v.transfer(from, postFiscal, simbank.Move{Amount: amount, Reference: id, Text: "上划财政专户"})
	})
}

func (v *villagePlay) closeMonth(ctx context.Context) error {
	if err := v.stage.turn(ctx, calendar.MustDay("2011-04-02")); err != nil {
		return err
	}
	for _, number := range v.numbers() {
		path := "/v1/periods/" + v.accounts[number].ID + "/2011-03/close"
		if err := v.stage.desks["finance-check"].post(ctx, path, map[string]any{}, nil); err != nil {
			return err
		}
		v.report.AccountsClosed++
	}
	if err := v.refreshAccounts(ctx); err != nil {
		return err
	}
	v.report.Income = v.accounts[postIncome].Balance + v.accounts[coopIncome].Balance + v.accounts[ccbIncome].Balance
	v.report.FiscalSpecial = v.accounts[postFiscal].Balance
	v.report.FixedDeposits = v.accounts[postDeposit].Balance
	return v.feedback(ctx)
}

func (v *villagePlay) feedback(ctx context.Context) error {
	var list struct {
		Villages []villageLine `json:"villages"`
	}
	err := v.stage.desks["auditor"].get(ctx, "/v1/feedback?scheme=rural&year=2011", &list)
	if err != nil {
		return err
	}
	v.report.Villages = list.Villages
	for _, line := range list.Villages {
		v.report.Payers += line.Paid
		v.report.Contributions += line.Amount
	}
	slices.SortFunc(v.report.Villages, func(a, b villageLine) int { return slices.Compare([]rune(a.Region), []rune(b.Region)) })
	return nil
}

func (v *villagePlay) songpan(ctx context.Context) error {
	income, balance, err := v.stage.songpan(ctx)
	v.report.SongpanIncome, v.report.SongpanBalance = income, balance
	v.report.SongpanUnexplained = income - songpanPublishedIncome
	return err
}

// reconcile asks for every account's report of the month: statements against book.
func (v *villagePlay) reconcile(ctx context.Context) error {
	var ids []string
	for _, number := range v.numbers() {
		ids = append(ids, v.accounts[number].ID)
	}
	r, err := v.stage.reconcile(ctx, ids, calendar.MustDay("2011-04-27"))
	if err != nil {
		return err
	}
	v.report.Reconciled, v.report.StatementLines, v.report.MatchedLines = r.agrees, r.lines, r.matched
	v.report.OpenBreaks = r.breaks
	if v.report.Vouchers, err = v.stage.papers(ctx, ids, "2011-03"); err != nil {
		return err
	}
	return v.listBreaks(ctx)
}

// listBreaks names what one side has alone.
func (v *villagePlay) listBreaks(ctx context.Context) error {
	var page struct {
		Items []demoBreak `json:"items"`
	}
	if err := v.stage.desks["auditor"].get(ctx, "/v1/breaks", &page); err != nil {
		return err
	}
	v.report.Breaks = page.Items
	return nil
}

func (v *villagePlay) verify(ctx context.Context) error {
	if v.report.Payers != villagePayers {
		return errDemo.With("%d of %d members have paid", v.report.Payers, villagePayers)
	}
	for i, p := range partners() {
		s := v.stage.banks[i].Status()
		v.report.Banks = append(v.report.Banks, demoBank{
			Bank: p.code, Format: string(p.format), Statements: string(p.statements), Batches: s.Batches,
		})
		if s.Open+s.Queued > 0 || s.Sum != 0 {
			return errDemo.With("bank %s ends with %d batches and %d messages open, and all accounts at %s", p.code, s.Open,
				s.Queued, s.Sum)
		}
	}
	var err error
	v.report.Verify, v.report.Invariants, err = v.stage.verify(ctx)
	return err
}

// payOut makes and approves the runs of a month, brings the money to the banks
// and releases them, and waits until the pay day has passed.
func (v *villagePlay) payOut(ctx context.Context, kinds []string, prepare, handover, after string) ([]payRun, error) {
	if err := v.stage.turn(ctx, calendar.MustDay(prepare)); err != nil {
		return nil, err
	}
	var runs []payRun
	need := map[string]money.Amount{}
	for _, kind := range kinds {
		run, found, err := v.stage.prepareRun(ctx, v.stage.day.today().Month(), kind)
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, errDemo.With("there is nothing for a %s run", kind)
		}
		runs = append(runs, run)
		for _, b := range run.Batches {
			need[b.Bank] += b.Amount
		}
	}
	if err := v.stage.turn(ctx, calendar.MustDay(handover)); err != nil {
		return nil, err
	}
	if err := v.refreshAccounts(ctx); err != nil {
		return nil, err
	}
	for _, to := range []string{postPayout, coopPayout, ccbPayout} {
		if err := v.allocate(ctx, to, need[v.accounts[to].Bank]-v.accounts[to].Balance); err != nil {
			return nil, err
		}
	}
	for _, run := range runs {
		if err := v.stage.release(ctx, run); err != nil {
			return nil, err
		}
	}
	return runs, v.stage.turn(ctx, calendar.MustDay(after))
}

// allocate has the finance bureau bring money to an expenditure account.
func (v *villagePlay) allocate(ctx context.Context, to string, amount money.Amount) error {
	if amount <= 0 {
		return nil
	}
	v.report.Allocated += amount
	return v.approved(ctx, "bureau", "bureau-check", map[string]any{
		"kind": "allocation", "from_account": v.accounts[postFiscal].ID, "to_account": v.accounts[to].ID, "amount": amount,
		"effective_on": v.stage.day.today(), "document": "用款计划",
	}, func(id string) error {
		return v.transfer(postFiscal, to, simbank.Move{Amount: amount, Reference: id, Text: "拨付支出户"})
	})
}

func (v *villagePlay) firstPayRun(ctx context.Context) error {
	runs, err := v.payOut(ctx, []string{"regular"}, "2011-03-18", "2011-03-22", "2011-03-28")
	if err == nil {
		v.firstRunID = runs[0].ID
		v.report.PayDays = append(v.report.PayDays, runs[0].PayDay)
	}
	return err
}

// secondPayRun corrects the accounts that could not be paid to, by two people of
// the business desk, and pays April and what failed or came back in March.
func (v *villagePlay) secondPayRun(ctx context.Context) error {
	if err := v.correctAccounts(ctx); err != nil {
		return err
	}
	runs, err := v.payOut(ctx, []string{"regular", "reissue"}, "2011-04-18", "2011-04-20", "2011-04-28")
	if err != nil {
		return err
	}
	v.report.PayDays = append(v.report.PayDays, runs[0].PayDay)
	if err := v.refreshAccounts(ctx); err != nil {
		return err
	}
	v.report.FiscalSpecial = v.accounts[postFiscal].Balance
	for _, id := range []string{v.firstRunID, runs[0].ID} {
		p, err := v.stage.proof(ctx, id)
		if err != nil {
			return err
		}
		v.report.Pensioners = max(v.report.Pensioners, p.Entitled.Count)
		v.report.PensionsPaid += p.Paid.Amount
		v.report.Returned += p.Returned.Count
		v.report.Rejected += p.Rejected.Count
		v.report.Reissued += p.Reissued.Count
		v.report.Unpaid += p.Open.Count
	}
	return nil
}

// correctAccounts gives the pensioners whose accounts are dormant and closed others.
func (v *villagePlay) correctAccounts(ctx context.Context) error {
	members, err := v.stage.g.db.MemberIDs(ctx, v.county.area)
	if err != nil {
		return err
	}
	card := "622999900000000001"
	card += string(party.LuhnCheck(card))
	for _, to := range []struct {
		person       int
		bank         *simbank.Bank
		kind, number string
	}{{dormantPensioner, v.post, "passbook", "6010990000000001"}, {closedPensioner, v.coop, "card", card}} {
		who := v.county.people[to.person]
		var openErr error
		to.bank.Ledger(func(l *simbank.Ledger) {
			openErr = l.Open(simbank.Account{ //nolint:exhaustruct // an account in good order
				Number: to.number, Name: who.name, IDNumber: who.idNumber,
			})
		})
		if openErr != nil {
			return fmt.Errorf("open account: %w", openErr)
		}
		err := v.stage.changeAccount(ctx, strconv.FormatInt(members[who.socialNo], 10), map[string]any{
			"bank": who.bank, "kind": to.kind, "account_no": to.number, "activated": true, "document": "账户变更申请表",
		})
		if err != nil {
			return err
		}
	}
	return nil
}
