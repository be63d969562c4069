//nolint:gosmopolitan // what officers read is Chinese
package reconcile

import (
	"twoline/gateway/report"
	"twoline/reconcile/match"
)

// ageingText are the words of the ageing of breaks in one language.
type ageingText struct {
	title, asOf, unit, total, foot string
	reasons                        map[match.Reason]string
	classes                        map[match.Class]string
	columns                        []report.Column
	signatures                     []string
}

func ageingWords(lang report.Language) ageingText {
	if lang == report.English {
		return ageingText{
			title: "ageing of breaks", asOf: "area %s, open at the end of %s", unit: "in yuan; ages in calendar days",
			total: "sum", foot: "Money times days is each amount times its age in days.",
			reasons: map[match.Reason]string{
				match.AbsentInBook: "only the bank has it", match.AbsentInBank: "only the book has it",
				match.AmountDiffers: "amounts differ", match.DuplicateBankLine: "the bank did it twice",
				match.Ambiguous: "several candidates", match.Waiting: "waits for its equal",
				match.BankCharge: "bank charge", match.BankInterest: "bank interest",
			},
			classes: map[match.Class]string{
				0: "not yet reconciled", 1: "both succeeded, amounts equal", 2: "both succeeded, amounts differ",
				3: "bank succeeded, ours failed", 4: "bank succeeded, ours absent", 5: "bank failed, ours succeeded",
				6: "bank absent, ours succeeded", 7: "both failed",
			},
			columns: []report.Column{
				{Name: "account", Width: 40},
				{Name: "reason", Width: 24},
				{Name: "age in days", Width: 12},
				{Name: "breaks", Width: 10},
				{Name: "overdue", Width: 10},
				{Name: "amount", Width: 20},
				{Name: "money times days", Width: 24},
			},
			signatures: []string{"made by", "checked by"},
		}
	}
	return ageingText{
		title: "对账差异账龄表", asOf: "统筹区%s · 截至%s未核销差异", unit: "单位:元;账龄按自然日", total: "合计",
		foot: "积数为各笔金额乘以账龄天数之和。",
		reasons: map[match.Reason]string{
			match.AbsentInBook: "银行有、账上无", match.AbsentInBank: "账上有、银行无", match.AmountDiffers: "金额不符",
			match.DuplicateBankLine: "银行重复", match.Ambiguous: "多笔待辨", match.Waiting: "待对应", match.BankCharge: "银行收费",
			match.BankInterest: "银行结息",
		},
		classes: map[match.Class]string{
			0: "尚未对账", 1: "双方成功、金额一致", 2: "双方成功、金额不符", 3: "银行成功、我方失败", 4: "银行成功、我方无",
			5: "银行失败、我方成功", 6: "银行无、我方成功", 7: "双方失败",
		},
		columns: []report.Column{
			{Name: "账户", Width: 40},
			{Name: "原因", Width: 24},
			{Name: "账龄(天)", Width: 12},
			{Name: "笔数", Width: 10},
			{Name: "逾期", Width: 10},
			{Name: "金额", Width: 20},
			{Name: "积数(元·天)", Width: 24},
		},
		signatures: []string{"制表", "复核"},
	}
}
