package main

import (
	"fmt"
	"io"
	"strconv"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// yearReport is what a demonstration of a year ends in; its names are fixed.
type yearReport struct {
	Contributions      money.Amount `json:"contributions"`
	Swept              money.Amount `json:"swept"`
	Subsidies          money.Amount `json:"subsidies"`
	PensionsPaid       money.Amount `json:"pensions_paid"`
	Pensioners         int          `json:"pensioners"`
	Payers             int          `json:"payers"`
	RuralFundClosing   money.Amount `json:"rural_fund_closing"`
	RuralFixedDeposits money.Amount `json:"rural_fixed_deposits"`
	UrbanFundClosing   money.Amount `json:"urban_fund_closing"`
	UrbanFixedDeposits money.Amount `json:"urban_fixed_deposits"`
	// AccountInterest is what the year gives all personal accounts.
	AccountInterest    money.Amount   `json:"account_interest"`
	WorkingCashLent    money.Amount   `json:"working_cash_lent"`
	WorkingCashRepaid  money.Amount   `json:"working_cash_repaid"`
	PayDays            []calendar.Day `json:"pay_days"`
	SongpanIncome      money.Amount   `json:"songpan_income"`
	SongpanBalance     money.Amount   `json:"songpan_balance"`
	SongpanUnexplained money.Amount   `json:"songpan_unexplained"`
	// Returned are pensions that came back, and Reissued those of them that the next
	// run paid again; NotInPlace are those that were not with their payee on the pay day.
	Returned       int  `json:"returned"`
	Reissued       int  `json:"reissued"`
	NotInPlace     int  `json:"not_in_place"`
	Reconciled     bool `json:"reconciled"`
	StatementLines int  `json:"statement_lines"`
	MatchedLines   int  `json:"matched_lines"`
	OpenBreaks     int  `json:"open_breaks"`
	// BreaksFound are the bank's mistakes of August, Letters those that claimed the money.
	BreaksFound  int    `json:"breaks_found"`
	BreaksClosed int    `json:"breaks_closed"`
	Letters      int    `json:"letters"`
	Verify       string `json:"verify"`
	Invariants   int    `json:"invariants"`
	Seconds      string `json:"elapsed"`
	PeakMiB      int    `json:"peak_resident_mib"`
}

// row is one line of the report: what was published, what the books say, and
// what the demonstration had to assume.
type yearRow struct {
	name, published, books, assumed string
}

func (r *yearReport) rows(lang string) []yearRow {
	pick := func(zh, en string) string {
		if lang == "en" {
			return en
		}
		return zh
	}
	return []yearRow{
		{
			pick("个人缴费收入", "individual contributions"), pick("2884.9万", "28.849 M"), r.Contributions.String(),
			pick("各档次人数、批次日期", "who chose which tier, dates of the runs"),
		},
		{pick("缴费人数", "payers"), "157 562", strconv.Itoa(r.Payers), ""},
		{
			pick("其中上划财政专户", "of it swept to fiscal special"), pick("全部", "all"), r.Swept.String(),
			pick("每月末上划", "at each month end"),
		},
		{
			pick("财政补贴", "subsidies"), pick("4389.9万", "43.899 M"), r.Subsidies.String(),
			pick("每季一笔,未分用途", "one a quarter, purpose not stated"),
		},
		{pick("领取养老金人数", "pensioners"), "44 007", strconv.Itoa(r.Pensioners), ""},
		{
			pick("养老金支出", "pensions paid"), "—", r.PensionsPaid.String(),
			pick("每人每月55元(最低标准)", "55.00 a month, the minimum"),
		},
		{
			pick("个人账户利息", "interest of personal accounts"), "—", r.AccountInterest.String(),
			pick("年利率2.75%,按月计息", "2.75 % a year, by months"),
		},
		{
			pick("周转金借入", "working cash lent"), pick("350万", "3.5 M"), r.WorkingCashLent.String(),
			pick("5月拨款迟到", "May's allocation came late"),
		},
		{pick("周转金归还", "working cash repaid"), "—", r.WorkingCashRepaid.String(), pick("6月归还", "in June")},
		{
			pick("新农保基金结余", "rural fund, closing"), pick("13184.1万", "131.841 M"), r.RuralFundClosing.String(),
			pick("年初结余倒算", "opening derived from the closing"),
		},
		{pick("其中定期存款", "of it fixed deposits"), pick("13070.6万", "130.706 M"), r.RuralFixedDeposits.String(), ""},
		{pick("城居保基金结余", "urban fund, closing"), pick("449.0万", "4.490 M"), r.UrbanFundClosing.String(), ""},
		{pick("其中定期存款", "of it fixed deposits"), pick("430.0万", "4.300 M"), r.UrbanFixedDeposits.String(), ""},
		{
			pick("每月25日前发放到位", "in place by the 25th"), pick("是", "yes"), strconv.Itoa(len(r.PayDays)) + pick("个月", " months"),
			pick("退票", "returned ") + strconv.Itoa(r.Returned) + pick("笔,次月重发", ", paid again by the next run ") +
				strconv.Itoa(r.Reissued) + pick("笔", ""),
		},
		{
			pick("银行记账差错", "the bank's mistakes"), "—",
			fmt.Sprintf(pick("发现%d笔,结清%d笔", "found %d, closed %d"), r.BreaksFound, r.BreaksClosed),
			pick("8月:误收费、误结息、重复划款", "August: a charge, interest, an allocation twice"),
		},
		{
			pick("松潘县2010年总收入", "Songpan 2010, income"), pick("431.15万", "4.3115 M"), r.SongpanIncome.String(),
			pick("公布数未含利息", "published without interest: ") + " " + r.SongpanUnexplained.String(),
		},
		{pick("松潘县2010年末结余", "Songpan 2010, balance"), pick("232.55万", "2.3255 M"), r.SongpanBalance.String(), ""},
	}
}

// write puts the report down for an officer, in Chinese or English.
func (r *yearReport) write(w io.Writer, lang string) error {
	p := &page{w: w, err: nil}
	head := yearRow{"项目", "公布", "账面", "本演示的假设"}
	title, tail := "陈仓区2011年:一年的保费收入与养老金发放", "对账单明细 %d 条,已核对 %d 条;不变量 %d 项:%s;用时 %s,内存峰值 %d MiB"
	if lang == "en" {
		head = yearRow{"item", "published", "books", "assumed by us"}
		title = "Chencang district 2011: a year of contributions and pensions"
		tail = "statement lines %d, matched %d; invariants %d: %s; took %s, peak memory %d MiB"
	}
	p.line("")
	p.line("%s", title)
	p.line("")
	for _, row := range append([]yearRow{head}, r.rows(lang)...) {
		p.line("  %s %s %s   %s", pad(row.name, 30), padLeft(row.published, 12), padLeft(row.books, 16), row.assumed)
	}
	p.line("")
	p.line(tail, r.StatementLines, r.MatchedLines, r.Invariants, r.Verify, r.Seconds, r.PeakMiB)
	return p.err
}
