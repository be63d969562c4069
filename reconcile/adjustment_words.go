//nolint:gosmopolitan // what officers read is Chinese
package reconcile

import "twoline/gateway/report"

// adjustmentText are the words of an adjustment table in one language.
type adjustmentText struct {
	title, asOf, unit, unmatched, closed, nothing  string
	book, bank, adjusted, agrees, differs, others  string
	bankReceived, bankPaid, bookReceived, bookPaid string
	tolerated                                      string
	columns                                        []report.Column
	// form are the columns of one half of the customary form.
	form       []report.Column
	signatures []string
	// The list of outstanding items.
	outstanding, total                                             string
	onlyBankReceived, onlyBankPaid, onlyBookReceived, onlyBookPaid string
	outstandingColumns                                             []report.Column
}

func adjustmentWords(lang report.Language) adjustmentText {
	if lang == report.English {
		return englishAdjustment()
	}
	return chineseAdjustment()
}

func englishAdjustment() adjustmentText {
	return adjustmentText{
		title: "bank reconciliation statement", asOf: "%s, at the end of %s, matched through %s", unit: "in yuan",
		unmatched: "not matched to the month's end: lines since then count as outstanding",
		closed:    "closed: at %s by %s, digest %x", nothing: "nothing is outstanding",
		book: "balance of the book", bank: "balance of the bank's statement", adjusted: "adjusted balance",
		agrees:  "the adjusted balances agree",
		differs: "the adjusted balances differ by", others: "and %d others",
		bankReceived: "plus: received by the bank, not in the book (%d)",
		bankPaid:     "less: paid by the bank, not in the book (%d)",
		bookReceived: "plus: received in the book, not by the bank (%d)",
		bookPaid:     "less: paid in the book, not by the bank (%d)",
		tolerated:    "plus: differences tolerated or let stand",
		columns: []report.Column{
			{Name: "item", Width: 44},
			{Name: "date", Width: 12},
			{Name: "reference", Width: 24},
			{Name: "bank's reference", Width: 24},
			{Name: "days", Width: 8},
			{Name: "amount", Width: 20},
		},
		form: []report.Column{
			{Name: "item", Width: 30}, {Name: "date", Width: 12}, {Name: "days", Width: 6}, {Name: "amount", Width: 20},
		},
		signatures:  []string{"made by:", "checked by:", "approved by:", "bank (seal):"},
		outstanding: "outstanding items", total: "%s: %d in all",
		onlyBankReceived: "received by the bank, not in the book", onlyBankPaid: "paid by the bank, not in the book",
		onlyBookReceived: "received in the book, not by the bank", onlyBookPaid: "paid in the book, not by the bank",
		outstandingColumns: []report.Column{
			{Name: "which", Width: 36},
			{Name: "date", Width: 12},
			{Name: "value date", Width: 12},
			{Name: "reference", Width: 22},
			{Name: "bank's reference", Width: 22},
			{Name: "days", Width: 8},
			{Name: "owner", Width: 20},
			{Name: "amount", Width: 20},
		},
	}
}

func chineseAdjustment() adjustmentText {
	return adjustmentText{
		title: "银行存款余额调节表", asOf: "%s · 截至%s · 对账至%s", unit: "单位:元",
		unmatched: "尚未对账至月末:其后各笔列为未达账项",
		closed:    "已结账:%s 由 %s 结账,摘要 %x", nothing: "无未达账项",
		book: "银行存款日记账余额", bank: "银行对账单余额",
		adjusted: "调节后余额", agrees: "调节后余额相符", differs: "调节后余额不符,相差", others: "另有%d笔",
		bankReceived: "加:银行已收、账上未收(%d笔)", bankPaid: "减:银行已付、账上未付(%d笔)",
		bookReceived: "加:账上已收、银行未收(%d笔)", bookPaid: "减:账上已付、银行未付(%d笔)",
		tolerated: "加:容差内及核准保留的差额",
		columns: []report.Column{
			{Name: "项目", Width: 44},
			{Name: "日期", Width: 12},
			{Name: "凭据号", Width: 24},
			{Name: "银行流水号", Width: 24},
			{Name: "账龄(天)", Width: 10},
			{Name: "金额", Width: 20},
		},
		form: []report.Column{
			{Name: "项目", Width: 30}, {Name: "日期", Width: 12}, {Name: "账龄", Width: 6}, {Name: "金额", Width: 20},
		},
		signatures:  []string{"编制:", "复核:", "审批:", "开户银行(签章):"},
		outstanding: "未达账项清单", total: "%s 合计%d笔",
		onlyBankReceived: "银行已收、账上未收", onlyBankPaid: "银行已付、账上未付",
		onlyBookReceived: "账上已收、银行未收", onlyBookPaid: "账上已付、银行未付",
		outstandingColumns: []report.Column{
			{Name: "类别", Width: 28},
			{Name: "日期", Width: 12},
			{Name: "到账日", Width: 12},
			{Name: "凭据号", Width: 22},
			{Name: "银行流水号", Width: 22},
			{Name: "账龄(天)", Width: 10},
			{Name: "责任人", Width: 20},
			{Name: "金额", Width: 20},
		},
	}
}
