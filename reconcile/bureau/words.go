//nolint:gosmopolitan // what officers read is Chinese
package bureau

import (
	"twoline/gateway/report"
	"twoline/reconcile/match"
)

// words are the texts of a comparison in one language.
type words struct {
	title, asOf, unit, derived, agrees, clean, differs string
	theirs, ours, adjusted, before                     string
	theirDebits, theirCredits, ownDebits, ownCredits   string
	voucher, entry, more, moreLines, matched           string
	reasons                                            map[match.Reason]string
	rules                                              map[match.Rule]string
	columns                                            []report.Column
	signatures                                         []string
}

func wordsOf(lang report.Language) words {
	if lang == report.English {
		return english()
	}
	return chinese()
}

func chinese() words {
	return words{ //nolint:gosec // words, no credentials
		title: "财政对账表", asOf: "%s · 自 %s 起逐月核对", unit: "单位:元",
		derived: "财政部门未报本月余额:按上次余额与其后凭证推算", agrees: "调节后余额相符", clean: "双方完全一致",
		differs: "调节后余额不符,相差 %s", theirs: "财政部门账面余额", ours: "经办机构账面余额", adjusted: "调节后余额",
		before: "加:核对开始前财政部门多记(少记)", theirDebits: "加:财政已收、我方未收(%d笔)",
		theirCredits: "减:财政已付、我方未付(%d笔)", ownDebits: "加:我方已收、财政未收(%d笔)",
		ownCredits: "减:我方已付、财政未付(%d笔)", voucher: "财政凭证 %s-%d", entry: "分录 %d", more: "另有 %d 项", moreLines: "另有 %d 笔未列出",
		matched: "相符(%s)",
		reasons: map[match.Reason]string{
			match.AbsentInBook: "财政有、我方无", match.AbsentInBank: "我方有、财政无", match.AmountDiffers: "金额不同",
			match.DuplicateBankLine: "财政重复入账", match.Ambiguous: "有多个可能的对应项", match.Waiting: "待核",
			match.BankCharge: "手续费", match.BankInterest: "利息",
		},
		rules: map[match.Rule]string{
			match.BookReversal: "我方红字冲销", match.Reference: "凭据号一致", match.BankReference: "银行流水号一致",
			match.SharedReference: "同一凭据号多笔", match.SharedBankReference: "同一银行流水号多笔",
			match.BatchTotal: "汇总凭证", match.BatchPart: "汇总凭证(部分)", match.BatchBranches: "多张汇总凭证",
			match.BatchItems: "明细对汇总", match.AmountDay: "同日同额", match.AmountWindow: "期限内同额",
			match.SubsetSum: "多笔合计", match.ReturnReference: "退回", match.BankReversal: "财政红字冲销",
			match.BatchNet: "汇总净额", match.Interest: "利息",
		},
		columns: []report.Column{
			{Name: "项目", Width: 40},
			{Name: "日期", Width: 12},
			{Name: "凭据号", Width: 22},
			{Name: "摘要", Width: 30},
			{Name: "账龄(天)", Width: 10},
			{Name: "金额", Width: 20},
		},
		signatures: []string{"经办机构编制", "经办机构复核", "财政部门核对"},
	}
}

func english() words {
	return words{ //nolint:gosec // words, no credentials
		title: "comparison with the finance bureau", asOf: "%s · compared month by month since %s", unit: "in yuan",
		derived: "the bureau stated no balance of this month: the one before and its vouchers stand for it",
		agrees:  "the adjusted balances agree", clean: "both sides are the same",
		differs: "the adjusted balances differ by %s",
		theirs:  "balance of the bureau's journal", ours: "balance of our book", adjusted: "adjusted balance",
		before:       "plus: what the bureau had beyond us when the comparison began",
		theirDebits:  "plus: received by the bureau, not in our book (%d)",
		theirCredits: "less: paid by the bureau, not in our book (%d)",
		ownDebits:    "plus: received in our book, not by the bureau (%d)",
		ownCredits:   "less: paid in our book, not by the bureau (%d)", voucher: "voucher %s-%d", entry: "entry %d",
		more: "and %d others", moreLines: "and %d lines that are not named", matched: "agreed (%s)",
		reasons: map[match.Reason]string{
			match.AbsentInBook: "the bureau's only", match.AbsentInBank: "ours only",
			match.AmountDiffers:     "amounts differ",
			match.DuplicateBankLine: "booked twice by the bureau", match.Ambiguous: "several candidates",
			match.Waiting: "waiting", match.BankCharge: "charge", match.BankInterest: "interest",
		},
		rules: map[match.Rule]string{
			match.BookReversal: "reversed in our book", match.Reference: "one reference",
			match.BankReference: "one bank reference", match.SharedReference: "several of one reference",
			match.SharedBankReference: "several of one bank reference", match.BatchTotal: "a sum",
			match.BatchPart: "a part of a sum", match.BatchBranches: "several sums", match.BatchItems: "items of a sum",
			match.AmountDay: "one day and amount", match.AmountWindow: "one amount within the days",
			match.SubsetSum: "a few lines' sum", match.ReturnReference: "a return",
			match.BankReversal: "reversed by the bureau", match.BatchNet: "a net sum", match.Interest: "interest",
		},
		columns: []report.Column{
			{Name: "item", Width: 40},
			{Name: "date", Width: 12},
			{Name: "reference", Width: 22},
			{Name: "text", Width: 30},
			{Name: "days", Width: 8},
			{Name: "amount", Width: 20},
		},
		signatures: []string{"made by the agency", "checked by the agency", "compared by the bureau"},
	}
}
