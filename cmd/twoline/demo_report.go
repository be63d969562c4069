package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// demoReport is what the demonstration ends in. Amounts are strings of yuan.
type demoReport struct {
	// Banks are the partner banks, each with the forms that its files had.
	Banks            []demoBank `json:"banks"`
	AccountsOpened   int        `json:"accounts_opened"`
	FirstRunItems    int        `json:"first_run_items"`
	FirstRunBatches  int        `json:"first_run_batches"`
	SecondRunItems   int        `json:"second_run_items"`
	TerminalPayments int        `json:"terminal_payments"`
	// Payers and Contributions are what is posted, fund and personal accounts alike.
	Payers        int          `json:"payers"`
	Contributions money.Amount `json:"contributions"`
	Swept         money.Amount `json:"swept"`
	Subsidies     money.Amount `json:"subsidies"`
	// Income is what the income accounts hold after the month's end: nothing.
	Income        money.Amount `json:"income_accounts"`
	FiscalSpecial money.Amount `json:"fiscal_special"`
	FixedDeposits money.Amount `json:"fixed_deposits"`
	// Allocated went from the fiscal special account to the expenditure accounts.
	Allocated money.Amount `json:"allocated"`
	// PensionsPaid is what stands on pensioners' accounts of March and April; Rejected
	// and Returned are payments that failed or came back, Reissued those of them that
	// were paid again, Unpaid who still waits.
	Pensioners   int            `json:"pensioners"`
	PensionsPaid money.Amount   `json:"pensions_paid"`
	PayDays      []calendar.Day `json:"pay_days"`
	Rejected     int            `json:"rejected"`
	Returned     int            `json:"returned"`
	Reissued     int            `json:"reissued"`
	Unpaid       int            `json:"unpaid"`
	// CrossingRefused is the code that refused a transfer across the lines.
	CrossingRefused string        `json:"crossing_refused"`
	AccountsClosed  int           `json:"accounts_closed"`
	Villages        []villageLine `json:"villages"`
	// Reconciled says that every fund account's statements agree with its book.
	Reconciled     bool `json:"reconciled"`
	StatementLines int  `json:"statement_lines"`
	MatchedLines   int  `json:"matched_lines"`
	OpenBreaks     int  `json:"open_breaks"`
	// Breaks names them.
	Breaks []demoBreak `json:"breaks"`
	// Vouchers counts those of March, whose papers agree with each other.
	Vouchers int `json:"vouchers"`

	SongpanIncome      money.Amount `json:"songpan_income"`
	SongpanBalance     money.Amount `json:"songpan_balance"`
	SongpanUnexplained money.Amount `json:"songpan_unexplained"`
	Verify             string       `json:"verify"`
	Invariants         int          `json:"invariants"`
	Seconds            string       `json:"elapsed"`
}

// demoBank is a partner bank: how its batches went out and its results came back, how
// its statements came, and how many batches, debits and payments, it answered.
type demoBank struct {
	Bank       string `json:"bank"`
	Format     string `json:"format"`
	Statements string `json:"statements"`
	Batches    int    `json:"batches"`
}

// demoBreak is one row of GET /v1/breaks.
type demoBreak struct {
	Account   string       `json:"account_id"`
	Class     int          `json:"class"`
	Reason    string       `json:"reason"`
	Direction string       `json:"direction"`
	Amount    money.Amount `json:"amount"`
	Day       calendar.Day `json:"day"`
	Closed    string       `json:"closed"`
}

// villageLine is one row of GET /v1/feedback.
type villageLine struct {
	Region   string         `json:"region"`
	Name     string         `json:"name"`
	Due      int            `json:"due"`
	Paid     int            `json:"paid"`
	InFlight int            `json:"in_flight"`
	Unpaid   map[string]int `json:"unpaid"`
	Amount   money.Amount   `json:"amount"`
}

// words are the report's texts in one language.
type words struct {
	title, collection, village, due, paid, unpaid, amount, why, none   string
	runs, terminal, opened                                             string
	lines, swept, subsidies, income, fiscal, deposits, refused, closed string
	reconciled, breaks, songpan, published, books, difference, balance string
	proof, clean, elapsed, total, agrees, differs                      string
	pensions, allocated, paid2, payDays, troubles, bank                string
}

func chinese() words {
	return words{
		title: "演示:三个村、三家银行三种文件格式,2011年3月的保费收入与3、4月的养老金发放", collection: "一、保费征缴", village: "村", due: "应缴人数", paid: "已缴",
		unpaid: "未缴", amount: "金额(元)", why: "未缴原因", none: "无", runs: "代扣:首批 %d 人分 %d 个批次,第二批补扣 %d 人",
		terminal: "村级终端缴费:%d 笔", opened: "批量开户:%d 户", lines: "二、收支两条线", swept: "收入户上划财政专户",
		subsidies: "财政补贴(国库直入财政专户)", income: "收入户月末余额", fiscal: "财政专户活期余额", deposits: "其中另存定期",
		refused: "收入户直接划支出户:系统拒绝(%s)", closed: "已结账账户:%d 个", reconciled: "银行对账单明细 %d 条,已核对 %d 条:%s",
		breaks: "未核销差异 %d 笔", songpan: "四、松潘县2010年(公布数 · 账面数)", published: "公布", books: "账面",
		difference: "收入差额(公布数未含利息)", balance: "年末结余", proof: "五、不变量验证:%d 项,%s", clean: "全部成立",
		elapsed: "用时 %s", total: "合计", agrees: "相符", differs: "不符", pensions: "三、养老金发放",
		allocated: "财政专户拨付支出户", paid2: "已发放养老金", payDays: "发放日:%s,应领 %d 人",
		bank: "银行 %s:批次与回盘 %s,对账单 %s,已回盘 %d 个批次", troubles: "被银行拒付 %d 笔、退票 %d 笔,更正账户后重发 %d 笔,未发放 %d 笔",
	}
}

func english() words {
	return words{
		title: "Demonstration: three villages, three banks with three formats, contributions and pensions of spring 2011", collection: "1. Contributions",
		village: "village", due: "due", paid: "paid", unpaid: "unpaid", amount: "amount (yuan)", why: "why unpaid",
		none: "none", runs: "withholding: first run %d people in %d batches, second run took up %d",
		terminal: "village terminal: %d payments", opened: "accounts opened in bulk: %d", lines: "2. The two lines",
		swept: "swept from income accounts to fiscal special", subsidies: "subsidies, treasury straight to fiscal special",
		income: "income accounts at month end", fiscal: "fiscal special account, current",
		deposits: "beside it in fixed deposits", refused: "income account to expenditure account: refused (%s)",
		closed: "accounts closed for the month: %d", reconciled: "statement lines %d, matched %d: %s",
		breaks: "open breaks %d", songpan: "4. Songpan county 2010 (published · books)", published: "published",
		books: "books", difference: "income difference (published without the interest)", balance: "year-end balance",
		proof: "5. Invariants: %d, %s", clean: "all hold", elapsed: "took %s", total: "total", agrees: "they agree",
		differs: "they do not agree", pensions: "3. Pensions", allocated: "allocated to the expenditure accounts",
		paid2: "pensions paid", payDays: "pay days: %s, %d pensioners",
		bank: "bank %s: batches and results as %s, statements as %s, %d batches answered", troubles: "rejected %d, returned %d, paid again after the accounts were corrected %d, still unpaid %d",
	}
}

// write puts the report down for an officer, in Chinese or English.
func (r *demoReport) write(w io.Writer, lang string) error {
	t := chinese()
	if lang == "en" {
		t = english()
	}
	p := &page{w: w, err: nil}
	p.line("")
	p.line("%s", t.title)
	for _, b := range r.Banks {
		p.line("  "+t.bank, b.Bank, b.Format, b.Statements, b.Batches)
	}
	p.line("")
	p.line("%s", t.collection)
	r.villages(p, t)
	p.line("  "+t.runs, r.FirstRunItems, r.FirstRunBatches, r.SecondRunItems)
	p.line("  "+t.terminal, r.TerminalPayments)
	p.line("  "+t.opened, r.AccountsOpened)
	p.line("")
	p.line("%s", t.lines)
	for _, row := range []struct {
		name   string
		amount money.Amount
	}{
		{t.swept, r.Swept},
		{t.subsidies, r.Subsidies},
		{t.income, r.Income},
		{t.fiscal, r.FiscalSpecial},
		{t.deposits, r.FixedDeposits},
	} {
		p.line("  %s %16s", pad(row.name, 48), row.amount)
	}
	p.line("  "+t.refused, r.CrossingRefused)
	p.line("  "+t.closed, r.AccountsClosed)
	agrees := t.differs
	if r.Reconciled {
		agrees = t.agrees
	}
	p.line("  "+t.reconciled, r.StatementLines, r.MatchedLines, agrees)
	p.line("  "+t.breaks, r.OpenBreaks)
	for _, b := range r.Breaks {
		if b.Closed == "" {
			p.line("    %s  %s  %s %s", b.Day, b.Reason, b.Direction, b.Amount)
		}
	}
	p.line("")
	p.line("%s", t.pensions)
	p.line("  %s %16s", pad(t.allocated, 48), r.Allocated)
	p.line("  %s %16s", pad(t.paid2, 48), r.PensionsPaid)
	days := make([]string, len(r.PayDays))
	for i, d := range r.PayDays {
		days[i] = d.String()
	}
	p.line("  "+t.payDays, strings.Join(days, ", "), r.Pensioners)
	p.line("  "+t.troubles, r.Rejected, r.Returned, r.Reissued, r.Unpaid)
	p.line("")
	p.line("%s", t.songpan)
	p.line("  %s %16s · %s", pad(t.balance, 48), "2325500.00", r.SongpanBalance)
	p.line("  %s %16s · %s", pad(t.collectionIncome(), 48), songpanPublishedIncome, r.SongpanIncome)
	p.line("  %s %16s", pad(t.difference, 48), r.SongpanUnexplained)
	p.line("")
	verdict := t.clean
	if r.Verify != "clean" {
		verdict = r.Verify
	}
	p.line(t.proof, r.Invariants, verdict)
	p.line(t.elapsed, r.Seconds)
	return p.err
}

func (t words) collectionIncome() string {
	if t.total == "合计" {
		return "基金总收入"
	}
	return "total income"
}

func (r *demoReport) villages(p *page, t words) {
	p.line("  %s %s %s %s %s   %s", pad(t.village, 14), padLeft(t.due, 10), padLeft(t.paid, 8), padLeft(t.unpaid, 8),
		padLeft(t.amount, 16), t.why)
	for _, v := range r.Villages {
		p.line("  %s %10d %8d %8d %16s   %s", pad(v.Name, 14), v.Due, v.Paid, v.Due-v.Paid, v.Amount, v.reasons(t))
	}
	due := 0
	for _, v := range r.Villages {
		due += v.Due
	}
	p.line("  %s %10d %8d %8d %16s", pad(t.total, 14), due, r.Payers, due-r.Payers, r.Contributions)
}

func (v villageLine) reasons(t words) string {
	if len(v.Unpaid) == 0 && v.InFlight == 0 {
		return t.none
	}
	var parts []string
	for class, n := range v.Unpaid {
		parts = append(parts, fmt.Sprintf("%s %d", class, n))
	}
	if v.InFlight > 0 {
		parts = append(parts, fmt.Sprintf("IN_FLIGHT %d", v.InFlight))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// pad fills with blanks to a width in columns: a Chinese character takes two.
func pad(s string, width int) string { return runewidth.FillRight(s, width) }

func padLeft(s string, width int) string { return runewidth.FillLeft(s, width) }

// page writes lines and keeps the first error.
type page struct {
	w   io.Writer
	err error
}

func (p *page) line(format string, args ...any) {
	_, err := fmt.Fprintf(p.w, format+"\n", args...)
	p.err = errors.Join(p.err, err)
}
