//nolint:gosmopolitan // what officers read is Chinese
package business

import "twoline/gateway/report"

// words are the texts of a comparison in one language.
type words struct {
	title, month, unit, agrees, differs string
	flows                               map[Flow]string
	situations                          map[Situation]string
	reasons                             map[string]string
	accounts, more, of                  string
	columns                             []report.Column
	signatures                          []string
}

func wordsOf(lang report.Language) words {
	if lang == report.English {
		return english()
	}
	return chinese()
}

func chinese() words {
	return words{
		title: "业务台账与基金账核对表", month: "%s · %s", unit: "单位:元", agrees: "业务与账务相符", differs: "业务与账务不符",
		flows: map[Flow]string{Payment: "发放", Withholding: "代扣"},
		situations: map[Situation]string{
			LateResult: "结果迟到", ArrivalWithoutResult: "有款无结果", ResultWithoutMoney: "有结果无款",
		},
		reasons: map[string]string{
			"after_deadline": "超过时限", "after_month": "跨月", "item_money": "本笔款项已动账", "batch_money": "本批款项已动账",
			"not_booked": "未入账", "not_on_statement": "对账单无此款",
		},
		accounts: "个人账户与缴费收入(%s %s)", more: "另有 %d 笔", of: "%s %d 笔",
		columns: []report.Column{
			{Name: "批次/事项", Width: 34},
			{Name: "银行", Width: 12},
			{Name: "笔数", Width: 10},
			{Name: "成功", Width: 10},
			{Name: "成功金额", Width: 18},
			{Name: "失败", Width: 10},
			{Name: "结果未知", Width: 10},
			{Name: "入账笔数", Width: 10},
			{Name: "入账金额", Width: 18},
			{Name: "说明", Width: 30},
		},
		signatures: []string{"业务编制", "财务核对", "复核"},
	}
}

func english() words {
	return words{
		title: "records against the book", month: "%s · %s", unit: "in yuan", agrees: "records and book agree",
		differs: "records and book differ",
		flows:   map[Flow]string{Payment: "payment", Withholding: "withholding"},
		situations: map[Situation]string{
			LateResult: "late result", ArrivalWithoutResult: "arrival without a result",
			ResultWithoutMoney: "result without money",
		},
		reasons: map[string]string{
			"after_deadline": "after its deadline", "after_month": "after the month of its money",
			"item_money": "its own money has moved", "batch_money": "its batch's money has moved",
			"not_booked": "not booked", "not_on_statement": "not on the statement",
		},
		accounts: "personal accounts and contributions (%s %s)", more: "and %d others", of: "%s: %d",
		columns: []report.Column{
			{Name: "batch or item", Width: 34},
			{Name: "bank", Width: 12},
			{Name: "items", Width: 10},
			{Name: "succeeded", Width: 10},
			{Name: "amount", Width: 18},
			{Name: "failed", Width: 10},
			{Name: "unknown", Width: 10},
			{Name: "booked", Width: 10},
			{Name: "booked amount", Width: 18},
			{Name: "remark", Width: 30},
		},
		signatures: []string{"made by business", "compared by finance", "checked by"},
	}
}
