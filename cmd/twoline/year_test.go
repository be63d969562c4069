package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"twoline/adapters/bank/simbank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

const (
	yearPayers     = 180
	yearPensioners = 120
	yearOpening    = money.Amount(5_000_000_00)
)

// yearTown is a small county whose months go by as a test says, its gateway the
// real program with another calendar on the wall.
type yearTown struct {
	*town

	first, last   calendar.Month
	kills, crashs int
	// stride is from one day to the next that is lived, unless something is to be done between.
	stride int
	days   *calendar.WorkingDays
	// before and after, if given, are done beside the story.
	before func(context.Context, *townRun) error
	after  func(context.Context) error
}

// openYear is two months with three kills and a crash. With TWOLINE_TEST_YEAR=1 it
// is the whole of 2011 with fifty and five:
//
//	TWOLINE_TEST_YEAR=1 go test ./cmd/twoline -run TestF11 -timeout 60m -v
func openYear(t *testing.T) *yearTown {
	t.Helper()
	y := &yearTown{
		first: calendar.MustMonth("2011-03"), last: calendar.MustMonth("2011-04"), kills: 3, crashs: 1, stride: 9,
		town: &town{
			binary: buildDatedProgram(t), limit: 6 * time.Minute, county: newYearPeople(),
			dayFile: filepath.Join(t.TempDir(), "day"),
		},
	}
	if os.Getenv("TWOLINE_TEST_YEAR") != "" {
		y.first, y.last, y.kills, y.crashs = calendar.MustMonth("2011-01"), calendar.MustMonth("2011-12"), 50, 5
		y.stride, y.limit = 1, 25*time.Minute
	}
	var err error
	if y.days, err = calendar.Official(); err != nil {
		t.Fatal(err)
	}
	y.today, y.configure = y.first.Day(1), y.configureBank
	y.setDay(t, y.today)
	env := y.start(t)
	y.load(t, env, y.files())
	y.hire(t, env, [][]string{{"business", "周敏", "agency_business", "maker"}})
	y.hireMore(t)
	return y
}

// hireMore makes the other officers, and the password of all of them cheap to check:
// seven of them log in at the beginning of every life.
func (y *yearTown) hireMore(t *testing.T) {
	t.Helper()
	hash, err := argon2id.CreateHash(townPassword, &argon2id.Params{
		Memory: 8 * 1024, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32,
	})
	if err != nil {
		t.Fatal(err)
	}
	y.sql(t, y.template, `update officer set password_hash = '`+hash+`'`)
	for _, o := range [][]string{
		{"business-check", "田野", "agency_business", "checker"},
		{"finance", "高洁", "agency_finance", "maker"},
		{"finance-check", "罗永", "agency_finance", "checker"},
		{"releaser", "郑重", "agency_finance", "releaser"},
		{"bureau", "何平", "finance_bureau", "maker"},
		{"bureau-check", "马骏", "finance_bureau", "checker"},
	} {
		y.logins = append(y.logins, o[0])
		y.sql(t, y.template, fmt.Sprintf(`
			with who as (insert into person (name) values ('%[2]s') returning id),
			place as (insert into organisation (area, kind, name) values (610304, '%[3]s', '%[1]s') returning id),
			made as (
				insert into officer (login, person_id, organisation_id, password_hash, created_at)
				select '%[1]s', who.id, place.id, o.password_hash, now() from who, place, officer o where o.login = 'business'
				returning login)
			insert into duty_grant (login, duty, granted_at) select login, '%[4]s', now() - interval '1 day' from made`,
			o[0], o[1], o[2], o[3]))
	}
}

// newYearPeople makes 180 payers and 120 pensioners at two banks. What goes wrong
// in every real month goes wrong here.
func newYearPeople() county {
	c := county{area: 610304, villages: []string{"610304101201", "610304101202", "610304102201"}}
	surnames := []rune("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗")
	given := []string{"秀英", "建国", "桂兰", "志强", "玉珍", "文军", "淑华", "海龙", "春梅", "德明", "喆", "金凤"}
	for i := range yearPayers + yearPensioners {
		born, at := 1955+i%35, psbc
		if i >= yearPayers {
			born = 1930 + i%20
		}
		if i < yearPayers && i >= 100 || i >= yearPayers && i%4 == 0 {
			at = rcc
		}
		digits := fmt.Sprintf("610304%04d%02d%02d%03d", born, 1+i%12, 1+i%28, 100+i)
		v := villager{
			idNumber: digits + string(party.IDCheck(digits)), socialNo: fmt.Sprintf("61030411%06d", i+1),
			name: string(surnames[i%len(surnames)]) + given[(i/3)%len(given)], region: c.villages[i%len(c.villages)],
			state: simbank.Normal, balance: 1_00, bank: at, kind: "passbook", account: fmt.Sprintf("6010%012d", i+1),
		}
		if at == rcc {
			payload := fmt.Sprintf("622999%012d", i+1)
			v.kind, v.account = "card", payload+string(party.LuhnCheck(payload))
		}
		if i < yearPayers {
			v.tier, v.balance = money.Amount(100_00*(1+i%5)), 900_00
			v.mandate = fmt.Sprintf("D%s%06d", strings.ToUpper(at), i+1)
		}
		c.people = append(c.people, v)
	}
	for _, i := range []int{3, 40, 105} {
		c.people[i].balance = 50_00
	}
	c.people[17].state, c.people[120].state = simbank.Closed, simbank.Frozen
	for i, state := range yearTroubled() {
		c.people[i].state = state
	}
	return c
}

// yearTroubled are pensioners who get another account in the second month.
func yearTroubled() map[int]simbank.AccountState {
	return map[int]simbank.AccountState{
		yearPayers + 5: simbank.Dormant, yearPayers + 8: simbank.Closed, yearPayers + 13: simbank.Dormant,
		yearPayers + 16: simbank.Dormant,
	}
}

func (y *yearTown) configureBank(code string, c *simbank.Config) {
	c.Day, c.PageSize, c.Statements = y.first.Day(1), 40, simbank.LinesStatements
	c.FundAccounts = []simbank.FundAccount{
		{Number: postIncome, Name: "收入户"},
		{Number: postFiscal, Name: "财政专户", Opening: yearOpening},
		{Number: postPayout, Name: "支出户"},
	}
	if code == rcc {
		c.FundAccounts = []simbank.FundAccount{
			{Number: coopIncome, Name: "收入户"}, {Number: coopPayout, Name: "支出户"},
		}
	}
	c.Behaviour.Payout.ReturnNotices = "twice"
}

func (y *yearTown) files() []registryFile {
	csv := y.county.csv()
	first := y.first.Day(1)
	for kind, text := range csv {
		csv[kind] = strings.NewReplacer(",2011-01-05\n", ",2010-09-01\n", ",2011-01-10\n", ",2010-09-01\n",
			",2011-01-20\n", ",2010-12-20\n", "base_pension,2011-03,", "base_pension,"+y.first.String()+",").Replace(text)
	}
	funds := "scheme,role,bank,account_no,name,settlement,opened_on\n"
	for _, f := range []string{
		"income,psbc," + postIncome + ",收入户,net", "fiscal_special,psbc," + postFiscal + ",财政专户,net",
		"expenditure,psbc," + postPayout + ",支出户,net", "income,rcc," + coopIncome + ",收入户,net",
		"expenditure,rcc," + coopPayout + ",支出户,gross",
	} {
		funds += fmt.Sprintf("rural,%s,%s\n", f, first)
	}
	return []registryFile{
		{"areas", "area,name\n610304,陈仓区\n"},
		{"regions", "region,name\n610304000000,陈仓区\n610304101000,虢镇\n610304101201,东关村\n610304101202,西关村\n" +
			"610304102000,阳平镇\n610304102201,联合村\n"},
		{"policies", "rule,effective_from,value,document\ncollection_mode,2011-01-01,agency,区政府办法\n" +
			"income_zero_at_month_end,2011-01-01,true,区财政局通知\n"},
		{"banks", "bank,bank_no,name,format,row_limit,charset\npsbc,403100000004,邮政储蓄银行,json,40,gb18030\n" +
			"rcc,402100000018,农村信用社,rural-cooperative,100,gb18030\n"},
		{"fund-accounts", funds},
		{"members", csv["members"]},
		{"instruments", csv["instruments"]},
		{"mandates", csv["mandates"]},
		{"tiers", csv["tiers"]},
		{"entitlements", csv["entitlements"]},
	}
}

// setDay moves the county's business day; the gateway never reads half of it.
func (y *yearTown) setDay(t *testing.T, day calendar.Day) {
	t.Helper()
	if err := y.writeDay(day); err != nil {
		t.Fatal(err)
	}
}

func (y *yearTown) writeDay(day calendar.Day) error {
	next := y.dayFile + ".next"
	return errors.Join(os.WriteFile(next, []byte(day.String()), 0o600), os.Rename(next, y.dayFile))
}

// TestF11_TheSameBooksAndFilesUnderFire lives the county's months undisturbed, and
// again while kill -9 ends the gateway and crashes end PostgreSQL at random moments:
// books and bank files must be the same.
func TestF11_TheSameBooksAndFilesUnderFire(t *testing.T) {
	t.Parallel()
	seed := testSeed(t)
	y := openYear(t)
	calm := y.liveYear(t, "calm", seed, nil)
	t.Logf("undisturbed: %d answers, %d bank files, %s", calm.answers, len(calm.year.Files), calm.took)
	y.proveBanks(t, calm)
	t.Run("fire", func(t *testing.T) { //nolint:paralleltest // they share two cores and one PostgreSQL
		fire := y.fire(seed, calm.answers)
		got := y.liveYear(t, "fire", seed, fire)
		t.Logf("%d kills and %d crashes: %d answers, %s", y.kills, y.crashs, got.answers, got.took)
		y.proveBanks(t, got)
		if diff := cmp.Diff(calm.year, got.year); diff != "" {
			t.Errorf("books or files differ from the undisturbed months' (-calm +fire):\n%s", diff)
		}
	})
	held := y.held(t, seed, calm)
	//nolint:paralleltest // what was seen in the life before
	{
		t.Run("F-01 killed in the freeze of a run", held.proved("10 withhold", "20 freeze"))
		t.Run("F-02 killed after the freeze, before the reply", held.proved("81 reply"))
		t.Run("F-03 killed between an approval and the step it is for", held.proved("30 approve", "40 release"))
		t.Run("F-09 killed while results are booked", held.proved("50 results", "70 return"))
		t.Run("F-10 killed after the last row of a file, before its end", held.proved("61 file end"))
		t.Run("F-11 F-16 PostgreSQL crashes in the freeze, the release and the booking",
			held.proved("21 freeze crash", "41 release crash", "60 file"))
		t.Run("F-12 F-13 commits lose their replies or are cut off while they run", held.lostCommits)
		t.Run("F-20 told to end in a run", held.proved("80 terminate"))
		t.Run("F-21 out of memory in a run", held.proved("22 freeze starved"))
	}
}

// fire is the trouble: kills and crashes in a random order, each after a random
// number of answers.
func (y *yearTown) fire(seed uint64, answers int64) func(context.Context, *townRun) error {
	random := rand.New(rand.NewPCG(seed, 11))
	troubles := slices.Concat(slices.Repeat([]func(*townRun, context.Context) error{(*townRun).killNine}, y.kills),
		slices.Repeat([]func(*townRun, context.Context) error{(*townRun).crashPostgres}, y.crashs))
	random.Shuffle(len(troubles), func(i, j int) { troubles[i], troubles[j] = troubles[j], troubles[i] })
	moments := make([]int64, len(troubles))
	for i := range moments {
		moments[i] = 1 + random.Int64N(answers*19/20)
	}
	slices.Sort(moments)
	return func(ctx context.Context, r *townRun) error {
		for i, moment := range moments {
			if err := r.reaches(ctx, moment); err != nil {
				return err
			}
			if err := troubles[i](r, ctx); err != nil {
				return fmt.Errorf("trouble %d: %w", i+1, err)
			}
		}
		return nil
	}
}

// yearLived is how a life of some months ended.
type yearLived struct {
	lived

	year yearBooks
	// months were paid.
	months int
}

func (y *yearTown) liveYear(
	t *testing.T, name string, seed uint64, trouble func(context.Context, *townRun) error,
) yearLived {
	t.Helper()
	y.setDay(t, y.first.Day(1))
	end := yearLived{}
	end.lived = y.liveStory(t, name, seed, func(ctx context.Context, r *townRun) error {
		p := &yearPlay{
			townRun: r, year: y, today: y.first.Day(1), watch: &watch{town: y.town, database: r.database, conn: nil},
		}
		defer p.watch.close(ctx)
		if y.before != nil {
			if err := y.before(ctx, r); err != nil {
				return err
			}
		}
		err := p.live(ctx)
		end.months = p.months
		if y.after != nil {
			err = errors.Join(err, y.after(ctx))
		}
		return err
	}, trouble)
	err := y.ask(t.Context(), name, func(c *pgx.Conn) (err error) { end.year, err = readYear(t.Context(), c); return err })
	if err != nil {
		t.Fatal(err)
	}
	return end
}

// yearPlay is the story: what two banks and seven officers do in some months.
type yearPlay struct {
	*townRun

	year     *yearTown
	today    calendar.Day
	accounts map[string]fundAccount
	runs     []payRun
	months   int
	serial   int
	watch    *watch
}

func (p *yearPlay) live(ctx context.Context) error {
	if err := p.openBooks(ctx); err != nil {
		return fmt.Errorf("opening: %w", err)
	}
	for m := p.year.first; m.Compare(p.year.last) <= 0; m = m.Add(1) {
		if err := p.month(ctx, m); err != nil {
			return fmt.Errorf("%s: %w", m, err)
		}
		p.months++
	}
	next := p.year.last.Add(1)
	if err := p.turn(ctx, next.Day(4)); err != nil {
		return err
	}
	return p.closeMonth(ctx, p.year.last)
}

// openBooks enters what the accounts held before the first day.
func (p *yearPlay) openBooks(ctx context.Context) error {
	if err := p.refresh(ctx); err != nil {
		return err
	}
	var balances []map[string]string
	for _, key := range slices.Sorted(maps.Keys(p.accounts)) {
		held := money.Amount(0)
		if key == "psbc fiscal_special" {
			held = yearOpening
		}
		balances = append(balances, map[string]string{
			"fund_account": p.accounts[key].ID, "day": p.today.AddDays(-1).String(), "balance": held.String(),
			"statement_number": "0",
		})
	}
	return enterOpenings(ctx, p.clerks["finance"], p.clerks["finance-check"], balances)
}

func (p *yearPlay) post(ctx context.Context, login, path string, body, out any) error {
	return p.clerks[login].send(ctx, "POST", path, body, out)
}

func (p *yearPlay) refresh(ctx context.Context) error {
	var page struct {
		Items []fundAccount `json:"items"`
	}
	if err := p.clerks["finance"].send(ctx, "GET", "/v1/fund-accounts", nil, &page); err != nil {
		return err
	}
	p.accounts = map[string]fundAccount{}
	for _, f := range page.Items {
		p.accounts[f.Bank+" "+f.Role] = f
	}
	return nil
}

// month lives one month: what happens on its days in order, and the days between.
func (p *yearPlay) month(ctx context.Context, m calendar.Month) error {
	payDay, err := p.year.days.PayDay(m, 25)
	if err != nil {
		return err
	}
	handover, err := p.year.days.Add(payDay, -3)
	if err != nil {
		return err
	}
	prepare, err := p.year.days.Add(handover, -2)
	if err != nil {
		return err
	}
	lastWorking, err := p.year.days.OnOrBefore(m.Last())
	if err != nil {
		return err
	}
	events := []event{
		{prepare, func(ctx context.Context) error { return p.prepare(ctx, m) }},
		{handover, p.fundAndRelease},
		{lastWorking, p.sweep},
	}
	nth := m.Number() - p.year.first.Number()
	if nth > 0 {
		events = append(events, event{m.Day(4), func(ctx context.Context) error { return p.closeMonth(ctx, m.Add(-1)) }})
	}
	switch nth {
	case 0:
		events = append(events, event{m.Day(2), p.withhold}, event{m.Day(7), p.takeAtTerminals})
	case 1:
		events = append(events, event{m.Day(7), p.withholdAgain}, event{m.Day(8), p.correctAccounts})
	}
	if m.Number()%3 == 0 {
		events = append(events, event{m.Day(10), p.subsidy})
	}
	slices.SortStableFunc(events, func(a, b event) int { return a.day.Compare(b.day) })
	for _, e := range events {
		if err := p.turn(ctx, e.day); err != nil {
			return err
		}
		if err := e.what(ctx); err != nil {
			return fmt.Errorf("%s: %w", e.day, err)
		}
		if err := p.settle(ctx); err != nil {
			return fmt.Errorf("%s: %w", e.day, err)
		}
	}
	return p.turn(ctx, m.Last())
}

// turn moves to a business day: the banks send the statements of the last one and
// do what is due, the gateway takes its daily look.
func (p *yearPlay) turn(ctx context.Context, to calendar.Day) error {
	for p.today.Before(to) {
		day := p.today.AddDays(p.year.stride)
		if day.After(to) {
			day = to
		}
		if err := p.year.writeDay(day); err != nil {
			return err
		}
		p.today = day
		// The banks live every day: a month is closed on statements without a gap.
		for d := p.townRun.post.Day().AddDays(1); !d.After(day); d = d.AddDays(1) {
			if err := errors.Join(p.townRun.post.NewDay(d), p.coop.NewDay(d)); err != nil {
				return err
			}
		}
		if err := errors.Join(p.banks(ctx), p.look(ctx)); err != nil {
			return fmt.Errorf("day %s: %w", day, err)
		}
	}
	return nil
}

// settle lets both banks say what is due and the background work end.
func (p *yearPlay) settle(ctx context.Context) error {
	return errors.Join(p.banks(ctx), p.quiet(ctx))
}

// banks lets them work until nothing that is due today waits.
func (p *yearPlay) banks(ctx context.Context) error {
	return p.untilBanks(ctx, nothingWaits)
}

// watch asks PostgreSQL past the gateway, again after a crash.
type watch struct {
	town     *town
	database string
	conn     *pgx.Conn
}

func (w *watch) close(ctx context.Context) {
	if w.conn != nil {
		_ = w.conn.Close(context.WithoutCancel(ctx)) // it only looked
	}
	w.conn = nil
}

func (w *watch) ask(ctx context.Context, sql string, args, into []any) error {
	for {
		var err error
		if w.conn == nil {
			w.conn, err = w.town.connect(ctx, w.database)
		}
		if err == nil {
			err = w.conn.QueryRow(ctx, sql, args...).Scan(into...)
		}
		var said *pgconn.PgError
		if err == nil || ctx.Err() != nil || errors.As(err, &said) && said.Code[:2] != "57" {
			return err
		}
		w.close(ctx)
		if stop := pause(ctx, 20*time.Millisecond); stop != nil {
			return errors.Join(stop, err)
		}
	}
}

// look asks for the day's look at once; by itself the gateway looks once a minute.
func (p *yearPlay) look(ctx context.Context) error {
	p.serial++
	var id int64
	err := p.watch.ask(ctx, `
		with job as (
			insert into river.river_job (kind, args, max_attempts)
			values ('daily_look', jsonb_build_object('day', $1::text, 'minute', $2::bigint), 1000) returning id)
		select id from job, pg_notify('river.river_insert', '{"queue":"default"}')`,
		[]any{p.today.String(), -p.serial}, []any{&id})
	if err != nil {
		return err
	}
	return p.quiet(ctx)
}

// quiet waits until no background work is left.
func (p *yearPlay) quiet(ctx context.Context) error {
	// A job whose end was lost in a crash is taken up again after a while.
	deadline := time.Now().Add(3 * time.Minute)
	for {
		var n int
		var left string
		err := p.watch.ask(ctx, `
			select count(*), coalesce(string_agg(kind || ' ' || state || ' ' || coalesce(errors[array_upper(errors, 1)]::text,
				''), '; '), '') from river.river_job where finalized_at is null`, nil, []any{&n, &left})
		switch {
		case err != nil:
			return err
		case n == 0:
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("background work is left after three minutes: %s", left)
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
}

func (p *yearPlay) withhold(ctx context.Context) error {
	body := map[string]any{"scheme": "rural", "year": p.today.Year()}
	return p.post(ctx, "business", "/v1/withholding-runs", body, nil)
}

// withholdAgain follows when who had too little brought the money.
func (p *yearPlay) withholdAgain(ctx context.Context) error {
	for i, v := range p.town.county.people {
		if i >= yearPayers || v.balance != 50_00 {
			continue
		}
		var err error
		p.bankOf(v).Ledger(func(l *simbank.Ledger) { err = l.Deposit(v.account, 900_00) })
		if err != nil {
			return err
		}
	}
	return p.withhold(ctx)
}

func (p *yearPlay) bankOf(v villager) *simbank.Bank {
	if v.bank == rcc {
		return p.coop
	}
	return p.townRun.post
}

// takeAtTerminals has those pay at a village's terminal who cannot be debited.
func (p *yearPlay) takeAtTerminals(ctx context.Context) error {
	for _, i := range []int{17, 120} {
		v := p.town.county.people[i]
		_, err := p.townRun.post.TakeAtCounter(ctx, simbank.Payment{
			MemberID: fmt.Sprint(p.members[v.socialNo]), Year: p.today.Year(), Amount: v.tier, Channel: "village",
			Terminal: "POS-1", Account: postIncome,
		})
		if err != nil && !errors.Is(err, simbank.ErrUnreachable) {
			return err
		}
	}
	return nil
}

// transfer has the bank carry out an instruction and two people book it.
func (p *yearPlay) transfer(ctx context.Context, maker, kind, from, to string, amount money.Amount) error {
	p.serial++
	step := simbank.Move{Amount: amount, Reference: fmt.Sprintf("TW%06d", p.serial), Text: kind}
	body := map[string]any{"kind": kind, "amount": amount, "effective_on": p.today, "document": "凭证"}
	numbers := map[string]string{
		"psbc income": postIncome, "psbc fiscal_special": postFiscal, "psbc expenditure": postPayout,
		"rcc income": coopIncome, "rcc expenditure": coopPayout,
	}
	for name, key := range map[string]string{"from_account": from, "to_account": to} {
		if key != "" {
			body[name] = p.accounts[key].ID
		}
	}
	switch from {
	case "":
		reference, err := p.townRun.post.Subsidise(numbers[to], step)
		if err != nil {
			return err
		}
		body["bank_reference"], body["purpose"] = reference, "unspecified"
	default:
		for _, b := range []*simbank.Bank{p.townRun.post, p.coop} {
			mine := "psbc "
			if b == p.coop {
				mine = "rcc "
			}
			if strings.HasPrefix(from, mine) || strings.HasPrefix(to, mine) {
				if _, err := b.Transfer(numbers[from], numbers[to], step); err != nil {
					return err
				}
			}
		}
	}
	if kind == "sweep" {
		body["amount"] = "all"
	}
	var made struct {
		ID     string `json:"id"`
		Digest string `json:"digest"`
	}
	if err := p.post(ctx, maker, "/v1/fund-transfers", body, &made); err != nil {
		return err
	}
	path := "/v1/fund-transfers/" + made.ID + "/approve"
	return p.post(ctx, maker+"-check", path, map[string]string{"digest": made.Digest}, nil)
}

func (p *yearPlay) subsidy(ctx context.Context) error {
	return p.transfer(ctx, "bureau", "subsidy", "", "psbc fiscal_special", 20_000_00)
}

func (p *yearPlay) sweep(ctx context.Context) error {
	if err := p.refresh(ctx); err != nil {
		return err
	}
	for _, from := range []string{"psbc income", "rcc income"} {
		if held := p.accounts[from].Balance; held > 0 {
			if err := p.transfer(ctx, "finance", "sweep", from, "psbc fiscal_special", held); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *yearPlay) closeMonth(ctx context.Context, m calendar.Month) error {
	for _, key := range slices.Sorted(maps.Keys(p.accounts)) {
		path := "/v1/periods/" + p.accounts[key].ID + "/" + m.String() + "/close"
		if err := p.post(ctx, "finance-check", path, map[string]any{}, nil); err != nil {
			return err
		}
	}
	return nil
}

// prepare has the month's run made, submitted and approved, and one for what
// failed or came back.
func (p *yearPlay) prepare(ctx context.Context, m calendar.Month) error {
	p.runs = nil
	for _, kind := range []string{"regular", "reissue"} {
		var run payRun
		err := p.post(ctx, "business", "/v1/pay-runs", map[string]any{"scheme": "rural", "month": m.String(), "kind": kind}, &run)
		var no *refusal
		if kind == "reissue" && errors.As(err, &no) && no.code() == "nothing_to_pay" {
			continue
		}
		if err != nil {
			return err
		}
		if err := p.post(ctx, "business", "/v1/pay-runs/"+run.ID+"/submit", map[string]any{}, &run); err != nil {
			return err
		}
		said := map[string]string{"digest": run.Digest}
		if err := p.post(ctx, "business-check", "/v1/pay-runs/"+run.ID+"/approve", said, &run); err != nil {
			return err
		}
		p.runs = append(p.runs, run)
	}
	return nil
}

// fundAndRelease brings the month's money to both banks and lets the runs go.
func (p *yearPlay) fundAndRelease(ctx context.Context) error {
	if err := p.refresh(ctx); err != nil {
		return err
	}
	need := map[string]money.Amount{}
	for _, run := range p.runs {
		for _, b := range run.Batches {
			need[b.Bank] += b.Amount
		}
	}
	for _, bank := range slices.Sorted(maps.Keys(need)) {
		to := bank + " expenditure"
		if short := need[bank] - p.accounts[to].Balance; short > 0 {
			if err := p.transfer(ctx, "bureau", "allocation", "psbc fiscal_special", to, short); err != nil {
				return err
			}
		}
	}
	for _, run := range p.runs {
		path := "/v1/pay-runs/" + run.ID + "/release"
		if err := p.post(ctx, "releaser", path, map[string]string{"digest": run.Digest}, &run); err != nil {
			return err
		}
		if run.State != "released" {
			return fmt.Errorf("pay run %s is %s after its release", run.ID, run.State)
		}
	}
	return nil
}

// correctAccounts gives pensioners other accounts whom the bank could not pay, by
// two people of the business desk.
func (p *yearPlay) correctAccounts(ctx context.Context) error {
	for _, i := range slices.Sorted(maps.Keys(yearTroubled())) {
		v := p.town.county.people[i]
		number := newNumber(v, i)
		var openErr error
		p.bankOf(v).Ledger(func(l *simbank.Ledger) {
			openErr = l.Open(simbank.Account{Number: number, Name: v.name, IDNumber: v.idNumber, State: simbank.Normal})
		})
		if openErr != nil {
			return openErr
		}
		var list struct {
			Items []struct {
				ID string `json:"id"`
			} `json:"items"`
		}
		path := fmt.Sprintf("/v1/members/%d/instruments", p.members[v.socialNo])
		if err := p.clerks["business"].send(ctx, "GET", path, nil, &list); err != nil {
			return err
		}
		if len(list.Items) != 1 {
			return fmt.Errorf("a pensioner has %d accounts, want 1", len(list.Items))
		}
		path = "/v1/instruments/" + list.Items[0].ID + "/change"
		var made struct {
			Digest string `json:"digest"`
		}
		err := p.post(ctx, "business", path, map[string]any{
			"bank": v.bank, "kind": v.kind, "account_no": number, "activated": true, "document": "账户变更申请表",
		}, &made)
		if err != nil {
			return err
		}
		if err := p.post(ctx, "business-check", path+"/approve", map[string]string{"digest": made.Digest}, nil); err != nil {
			return err
		}
	}
	return nil
}

// newNumber is the account that a pensioner gets instead.
func newNumber(v villager, i int) string {
	if v.bank == psbc {
		return fmt.Sprintf("601099%010d", i)
	}
	payload := fmt.Sprintf("62299988%010d", i)
	return payload + string(party.LuhnCheck(payload))
}
