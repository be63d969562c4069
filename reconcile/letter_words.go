//nolint:gosmopolitan // what officers and banks read is Chinese
package reconcile

import "twoline/gateway/report"

// letterText are the words of a letter in one language.
type letterText struct {
	name, number, to, account, unit string
	titles, asks                    map[Wish]string
	answer, from, reply             string
	earlier, ours, total            string
	what                            map[bool]string
	columns                         []report.Column
	signatures                      []string
}

func letterWords(lang report.Language) letterText {
	if lang == report.English {
		return letterText{
			name: "letter to the bank", number: "no. %s", to: "to: %s", account: "account: %s %s", unit: "in yuan",
			titles: map[Wish]string{
				AskRefund: "claim for money debited wrongly", AskExplain: "notice of a difference in reconciliation",
			},
			asks: map[Wish]string{
				AskRefund: "We ask you to give back %s by the original channel: our instruction for it was carried " +
					"out before, or there was none.",
				AskExplain: "We ask you to tell us in writing what the lines above are, and to correct what was " +
					"booked wrongly; the difference is %s.",
			},
			answer: "Please answer by %s, citing our number.", from: "%s, %s",
			reply:   "Answer of the bank: ______________________________________________",
			earlier: "carried out before", ours: "in our book, not on your statement", total: "difference",
			what: map[bool]string{true: "credit on your statement", false: "debit on your statement"},
			columns: []report.Column{
				{Name: "no.", Width: 6},
				{Name: "line", Width: 32},
				{Name: "date", Width: 12},
				{Name: "your reference", Width: 24},
				{Name: "our reference", Width: 24},
				{Name: "amount", Width: 18},
			},
			signatures: []string{"made by", "checked by", "seal of the agency", "received by the bank"},
		}
	}
	return letterText{
		name: "致银行函", number: "编号:%s", to: "致:%s", account: "账户:%s %s", unit: "单位:元",
		titles: map[Wish]string{AskRefund: "追款函", AskExplain: "对账差错通知书"},
		asks: map[Wish]string{
			AskRefund:  "上列款项系重复或无指令扣划,请贵行按原渠道退回 %s 元。",
			AskExplain: "上列款项与我方账簿不符,差额 %s 元,请贵行书面说明,记账有误的请予更正。",
		},
		answer: "请于 %s 前书面答复,并注明本函编号。", from: "%s %s",
		reply: "银行答复:______________________________________________", earlier: "首笔已办", ours: "我方已记账、对账单未见",
		total: "差额", what: map[bool]string{true: "对账单贷方", false: "对账单借方"},
		columns: []report.Column{
			{Name: "序号", Width: 6},
			{Name: "摘要", Width: 32},
			{Name: "日期", Width: 12},
			{Name: "银行流水号", Width: 24},
			{Name: "我方凭据号", Width: 24},
			{Name: "金额", Width: 18},
		},
		signatures: []string{"经办", "复核", "经办机构(盖章)", "银行签收"},
	}
}
