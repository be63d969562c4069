//nolint:gosmopolitan // what officers read is Chinese
package report

import (
	"fmt"

	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// words are the texts of the papers in one language.
type words struct {
	lang  Language
	kinds map[ledger.Kind]string
	// open marks what is made of days that are not sealed.
	open, unit, red, voucher string
	// closed and notClosed say how the months of the bank accounts stand.
	closed, notClosed              string
	vouchers, fund, journal, trial string
	voucherColumns                 []Column
	fundColumns                    []Column
	journalColumns                 []Column
	trialColumns                   []Column
	// fundSum and personalSum are the sums of the two sets of accounts.
	fundSum, personalSum string
	// The rows of the fund statement.
	opening, brought, income, expenditure, surplus, closing, lines, held string
	incomeLine, special, expenditureLine                                 string
	broughtForward, carriedForward, total                                string
	// The rows of a year's report; yearOf takes area, scheme, year and last day, short the
	// rule, its document and an amount.
	year, deposits, newSurplus, remitted, required, yearOf, short string
	// subsidies are by purposes and levels; the empty level was not named.
	subsidies string
	// runOut takes the level and how many members.
	runOut      string
	purposes    map[string]string
	levels      map[policy.Level]string
	yearColumns []Column
	// nothing stands where no line does.
	nothing string
	// signatures are the places at the end of a fund statement.
	signatures []string
}

func wordsOf(lang Language) words {
	if lang == English {
		return english()
	}
	return chinese()
}

func chinese() words {
	return words{
		lang: Chinese, kinds: names(0), open: "未结账", unit: "单位:元", red: "红字冲销", voucher: "记",
		vouchers: "记账凭证", fund: "基金收支表", journal: "日记账", trial: "试算平衡表", closed: "已结账", notClosed: "未结账",
		fundSum: "基金科目合计", personalSum: "个人账户备查科目合计",
		trialColumns: []Column{{"科目编码", 12}, {"科目名称", 34}, {"银行账户", 24}, {"借方余额", 20}, {"贷方余额", 20}},
		voucherColumns: []Column{
			{"凭证字", 8},
			{"凭证号", 8},
			{"日期", 12},
			{"摘要", 40},
			{"科目编码", 10},
			{"科目名称", 30},
			{"银行账户", 24},
			{"借方金额", 18},
			{"贷方金额", 18},
			{"附件张数", 10},
			{"笔数", 8},
			{"批次号", 12},
			{"来源", 32},
			{"分录号", 12},
			{"制单", 20},
			{"状态", 10},
		},
		fundColumns: []Column{{"项目", 44}, {"科目编码", 12}, {"金额", 20}},
		journalColumns: []Column{
			{"日期", 12}, {"分录号", 12}, {"摘要", 40}, {"到账日", 12}, {"收入(借方)", 18}, {"支出(贷方)", 18}, {"余额", 20},
		},
		opening: "一、上期结余", brought: "期初建账转入", income: "二、本期收入", expenditure: "三、本期支出",
		surplus: "本期收支结余", closing: "四、期末结余", lines: "五、收支两条线", held: "六、往来及投资", incomeLine: "收入户",
		special: "财政专户", expenditureLine: "支出户", broughtForward: "期初余额", carriedForward: "期末余额", total: "合计",
		year: "基金预算执行情况表", deposits: "其中:定期存款", newSurplus: "当年新增结余(不含上下级往来)",
		remitted: "其中:已归集或委托投资", required: "按规定应归集", yearOf: "统筹区 %s · 险种 %s · %d 年度,截至 %s",
		short:     "当年新增结余应归集 %s(%s),尚差 %s 元",
		subsidies: "本年到账财政补贴(按级次)",
		runOut:    "个人账户支完后由地方政府负担(%s,%d人)",
		purposes:  map[string]string{"base_pension": "基础养老金补助", "contribution": "缴费补贴", "unspecified": "未注明用途"},
		levels: map[policy.Level]string{
			policy.Centre: "中央", policy.Province: "省级", policy.City: "市级", policy.County: "县级", "": "级次未注明",
		},
		yearColumns: []Column{{"项目", 40}, {"科目编码", 10}, {"预算数", 18}, {"执行数", 18}, {"执行与预算之差", 18}},
		nothing:     "本期无发生额", signatures: []string{"编制:", "复核:", "审批:"},
	}
}

func english() words {
	return words{
		lang: English, kinds: names(1), open: "open, not final", unit: "in yuan", red: "reversed in red", voucher: "V",
		vouchers: "vouchers", fund: "fund statement", journal: "day journal", trial: "trial balance", closed: "closed",
		notClosed: "not closed yet", fundSum: "accounts of the fund", personalSum: "personal accounts",
		trialColumns: []Column{
			{"account code", 14}, {"account", 34}, {"bank account", 24}, {"debit balance", 20}, {"credit balance", 20},
		},
		voucherColumns: []Column{
			{"word", 8},
			{"number", 8},
			{"date", 12},
			{"summary", 40},
			{"account code", 12},
			{"account", 30},
			{"bank account", 24},
			{"debit", 18},
			{"credit", 18},
			{"attachments", 12},
			{"items", 8},
			{"batch", 12},
			{"cause", 32},
			{"entry", 12},
			{"made by", 20},
			{"state", 16},
		},
		fundColumns: []Column{{"item", 44}, {"account code", 14}, {"amount", 20}},
		journalColumns: []Column{
			{"date", 12},
			{"entry", 12},
			{"summary", 40},
			{"at the bank", 12},
			{"in (debit)", 18},
			{"out (credit)", 18},
			{"balance", 20},
		},
		opening: "1. Opening", brought: "brought in at go-live", income: "2. Income", expenditure: "3. Expenditure",
		surplus: "income less expenditure", closing: "4. Closing", lines: "5. The two lines",
		held: "6. Owed, lent and invested", incomeLine: "income line", special: "fiscal special account",
		expenditureLine: "expenditure line", broughtForward: "brought forward", carriedForward: "carried forward",
		year: "budget and actual", deposits: "of which fixed deposits", newSurplus: "new surplus, without remittances",
		remitted: "of which remitted or entrusted", required: "required by rule",
		yearOf:    "area %s · scheme %s · year %d, through %s",
		short:     "%s of the new surplus is to be remitted (%s): %s is missing",
		subsidies: "subsidies that arrived, by level of government",
		runOut:    "borne by local government after accounts ran out (%s, %d members)",
		purposes: map[string]string{
			"base_pension": "base pensions", "contribution": "contributions", "unspecified": "no stated purpose",
		},
		levels: map[policy.Level]string{
			policy.Centre: "centre", policy.Province: "province", policy.City: "city", policy.County: "county",
			"": "level not named",
		},
		yearColumns: []Column{
			{"item", 40}, {"account code", 12}, {"budget", 18}, {"actual", 18}, {"actual less budget", 18},
		},
		total: "total", nothing: "no movement", signatures: []string{"made by:", "checked by:", "approved by:"},
	}
}

// state says whether a month is closed.
func (w words) state(closed bool) string {
	if closed {
		return w.closed
	}
	return w.notClosed
}

// name is an account's in the paper's language.
func (w words) name(a ledger.Account) string {
	if w.lang == English {
		return a.English
	}
	return a.Chinese
}

// summary is a voucher's or a journal line's: what happened and, for a move that
// an officer instructed, by which document.
func (w words) summary(kind ledger.Kind, reversal bool, document string) string {
	s := w.kinds[kind]
	if s == "" {
		s = string(kind)
	}
	if reversal {
		s += " (" + w.red + ")"
	}
	if document != "" {
		s += " " + document
	}
	return s
}

// KindName is what an entry's kind is called.
func KindName(kind ledger.Kind, lang Language) string { return wordsOf(lang).summary(kind, false, "") }

// SchemeName is what a scheme's fund is called.
func SchemeName(scheme ledger.Scheme, lang Language) string { return wordsOf(lang).scheme(scheme) }

func (w words) bookNotes(area party.Area, scheme ledger.Scheme, month calendar.Month, final bool) []string {
	notes := []string{fmt.Sprintf("%s · %s · %s", area, w.scheme(scheme), month), w.unit}
	if !final {
		notes = append(notes, w.open)
	}
	return notes
}

func (w words) scheme(s ledger.Scheme) string {
	if w.lang == English {
		return string(s)
	}
	switch s {
	case ledger.Resident:
		return "城乡居民基本养老保险基金"
	case ledger.Rural:
		return "新型农村社会养老保险基金"
	case ledger.Urban:
		return "城镇居民社会养老保险基金"
	case ledger.LandLost:
		return "被征地农民养老保障资金"
	}
	return string(s)
}

// names are the kinds' names in the first or the second language.
func names(lang int) map[ledger.Kind]string {
	both := map[ledger.Kind][2]string{
		ledger.Opening:              {"期初余额", "balance at go-live"},
		ledger.ContributionReceived: {"收到保险费", "contributions received"},
		ledger.GovernmentPaid:       {"政府代缴保险费", "contributions paid by government"},
		ledger.ContributionRefund:   {"退还保险费", "contributions refunded"},
		ledger.UnrecognisedReceipt:  {"收到不明款项", "money of an unknown payer"},
		ledger.UnrecognisedReturn:   {"退回不明款项", "unknown payer's money given back"},
		ledger.BankCorrection:       {"银行冲正", "the bank took its own credit back"},
		ledger.Recognition:          {"不明款项确认", "unknown payer's money recognised"},
		ledger.Donation:             {"捐赠收入", "donation"},
		ledger.SubsidyReceipt:       {"财政补贴到账", "government subsidy"},
		ledger.TreasuryHandover:     {"国库划转财政专户", "treasury to fiscal special"},
		ledger.Sweep:                {"收入户上划财政专户", "sweep to fiscal special"},
		ledger.Allocation:           {"财政专户拨付支出户", "allocation to expenditure account"},
		ledger.PaymentHandover:      {"养老金款项交付银行", "pensions handed to the bank"},
		ledger.BenefitPaid:          {"发放养老金", "pensions paid"},
		ledger.TransitReturn:        {"未发放款项退回", "unpaid pensions back from the bank"},
		ledger.PaymentReturn:        {"养老金退票", "pensions returned"},
		ledger.Reissue:              {"退票重发", "returned pensions paid again"},
		ledger.ReturnUnclaimed:      {"退票不再发放", "returned pensions never paid again"},
		ledger.HandPayment:          {"退票前人工补发", "paid by hand before the return"},
		ledger.AccountPaidOut:       {"个人账户一次性支付", "personal accounts paid out"},
		ledger.RecoveryByChannel:    {"原渠道追回多发待遇", "overpayment back by its channel"},
		ledger.RecoveryReceipt:      {"收到追回款", "overpayment paid back"},
		ledger.RecoverySettled:      {"追回款结转", "overpayment settled"},
		ledger.InterestReceived:     {"利息收入", "interest"},
		ledger.InterestHandover:     {"支出户利息划转财政专户", "expenditure account's interest handed over"},
		ledger.LoanReceived:         {"借入周转金", "working cash lent by finance"},
		ledger.LoanRepaid:           {"归还周转金", "working cash repaid"},
		ledger.DepositPlaced:        {"转存定期存款", "fixed deposit placed"},
		ledger.DepositMatured:       {"定期存款到期转回", "fixed deposit matured"},
		ledger.RemittanceReceived:   {"收到上级补助或下级上解", "remittance received"},
		ledger.RemittanceMade:       {"上解上级或补助下级", "remittance made"},
		ledger.TransferReceived:     {"关系转入", "accounts transferred in"},
		ledger.TransferInReturned:   {"退回转入款", "transfer in given back"},
		ledger.TransferMade:         {"关系转出", "accounts transferred out"},
		ledger.InvestmentMade:       {"委托投资", "entrusted investment"},
		ledger.InvestmentReturned:   {"委托投资收回", "entrusted investment returned"},
		ledger.AccountInterest:      {"个人账户计息", "interest of personal accounts"},
		ledger.AccountSubsidy:       {"个人账户补贴", "subsidy of personal accounts"},
	}
	out := make(map[ledger.Kind]string, len(both))
	for k, n := range both {
		out[k] = n[lang]
	}
	return out
}
