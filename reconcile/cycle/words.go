//nolint:gosmopolitan // what officers read is Chinese
package cycle

import "twoline/gateway/report"

// words are the texts of a proof's page in one language.
type words struct {
	title, of, released, unit, holds, breaks, matched string
	figures                                           map[string]string
	standings                                         map[string]string
	// reasons are what a name stands there for, word by word; a bank's own code stays.
	reasons                                      map[string]string
	columns                                      []report.Column
	signatures                                   []string
	items, lines, more, digest, equations, rests string
	batch, statement, day, notSealed             string
}

func wordsOf(lang report.Language) words {
	if lang == report.English {
		return english()
	}
	return chinese()
}

func chinese() words {
	return words{
		title: "养老金发放闭环证明", of: "%s · %s · %s · 发放批次 %s", released: "放行日 %s · 发放日 %s · 批次摘要 %s",
		unit: "单位:元", holds: "各项等式全部成立", breaks: "不成立:%s", matched: "银行对账:%s(账务至 %s,对账至 %s)",
		figures: map[string]string{ //nolint:gosec // words, no credentials
			"entitled": "应发", "held": "暂扣", "approved": "核准", "sent": "送银行", "withdrawn": "撤回", "succeeded": "银行成功",
			"rejected": "银行拒付", "unknown": "结果未知", "returned": "退票", "reissued": "重发成功", "paid": "实发", "open": "未发",
			"not_in_place": "未按时到位", "not_activated": "账户未激活", "settled": "账上已列支", "bank_debits": "账上付出",
			"credits_back": "账上退回", "in_transit": "在途", "s_debits": "对账单借出(已勾对)", "s_credits": "对账单退回(已勾对)",
			"uncleared": "账上有、对账单无", "unbooked": "对账单有、账上无", "u_debits": "账上已付、银行未付",
			"u_credits": "账上已收、银行未收", "b_debits": "银行已付、账上未付", "b_credits": "银行已收、账上未收",
		},
		standings: map[string]string{Proved: "相符", StillOpen: "尚未完成", Differs: "不符"},
		reasons: map[string]string{ //nolint:gosec // words, no credentials
			"debit": "付", "credit": "收", "absent_in_bank": "账上有、银行无", "absent_in_book": "银行有、账上无",
			"amount_differs": "金额不符", "duplicate_bank_line": "银行重复记账", "ambiguous": "有多个可能的对应项", "waiting": "待核",
			"not_matched_yet": "尚未对账", "bank_charge": "银行手续费", "bank_interest": "银行利息", "returned": "退票",
			"RETRY_FUNDS": "余额不足", "FIX_ACCOUNT": "账户有误", "FIX_MANDATE": "签约有误", "BLOCKED": "账户冻结或挂失",
			"RETRY_TECHNICAL": "银行系统原因", "DUPLICATE": "银行称重复", "UNKNOWN": "结果未知", "deceased": "已死亡",
			"sentenced":  "服刑期间停发",
			"no_account": "无发放账户", "account_changed": "账户刚变更", "name_not_encodable": "姓名用字银行不能识别",
			"account_not_corrected": "账户未更正", "possible_double_credit": "可能重复入账", "above_entitlement": "超过应发数",
			"certification_overdue": "资格认证超期", "other_pension": "另有养老待遇", "duplicate_identity": "身份重复",
			"shared_account": "账户多人共用", "amount_review": "大额待审议", "court": "法院冻结", "investigation": "调查中",
			"manual": "人工暂扣",
		},
		columns: []report.Column{
			{Name: "项目", Width: 40},
			{Name: "人(笔)数", Width: 12},
			{Name: "对账单笔数", Width: 12},
			{Name: "金额", Width: 20},
			{Name: "说明", Width: 44},
		},
		items: "%s 明细", lines: "名单行 %d", more: "另有 %d 笔", digest: "名单摘要 %s",
		equations: "等式", rests: "依据", batch: "银行批次 %s %s", statement: "对账单 %s(%s 至 %s)", day: "账务日 %s",
		notSealed: "未封账", signatures: []string{"编制", "复核", "审批"},
	}
}

func english() words {
	return words{
		title: "cycle proof of a pay run", of: "%s · %s · %s · pay run %s",
		released: "released on %s · pay day %s · digest %s", unit: "in yuan", holds: "every equation holds",
		breaks: "does not hold: %s", matched: "bank's statement: %s (booked through %s, matched through %s)",
		figures: map[string]string{
			"entitled": "entitled", "held": "held", "approved": "approved", "sent": "sent", "withdrawn": "withdrawn",
			"succeeded": "succeeded", "rejected": "rejected", "unknown": "unknown", "returned": "returned",
			"reissued": "re-issued and succeeded", "paid": "paid", "open": "open", "not_in_place": "not in place",
			"not_activated": "account not activated", "settled": "spent in the book",
			"bank_debits":  "debits in the book",
			"credits_back": "credits back in the book", "in_transit": "in transit",
			"s_debits": "statement's debits, matched", "s_credits": "statement's credits back, matched",
			"uncleared": "booked, not on the statement", "unbooked": "on the statement, not booked",
			"u_debits": "paid in the book, not by the bank", "u_credits": "received in the book, not by the bank",
			"b_debits": "paid by the bank, not in the book", "b_credits": "received by the bank, not in the book",
		},
		standings: map[string]string{Proved: "agrees", StillOpen: "still open", Differs: "differs"}, reasons: nil,
		columns: []report.Column{
			{Name: "item", Width: 40},
			{Name: "payments", Width: 12},
			{Name: "lines of the bank", Width: 16},
			{Name: "amount", Width: 20},
			{Name: "remark", Width: 44},
		},
		items: "%s, by name", lines: "roster line %d", more: "and %d others", digest: "digest of the list %s",
		equations: "equations", rests: "rests on", batch: "batch %s of %s", statement: "statement %s (%s to %s)",
		day: "day %s", notSealed: "not sealed", signatures: []string{"made by", "checked by", "approved by"},
	}
}
