// Package layouttest holds the layouts of a rural credit cooperative's files, as
// they were seen, for tests of codecs and of the simulated bank. What was not seen
// and is our own choice is said there.
package layouttest

import (
	"twoline/adapters/bank/layout"
	"twoline/gateway/bank"
)

// rural is what all files of the rural cooperative have in common. The line end
// was not seen: we write LF.
func rural(name string, content layout.Content, fields ...layout.Field) layout.Layout {
	return layout.Layout{
		Name: name, Format: layout.Delimited, Content: content, Charset: layout.GB18030, Separator: '|',
		LineEnd: layout.LF, Unit: layout.Yuan, Fields: fields,
	}
}

func required(name layout.FieldName) layout.Field { return layout.Field{Name: name, Required: true} }

// RuralCooperativeWithholding is the request to debit payers: social-security
// number, name, id number, amount, batch number, account, region code; at most
// 150 000 rows; no header. Count and amount travel beside the file.
func RuralCooperativeWithholding() layout.Layout {
	l := rural("rural-cooperative-withholding", layout.Instructions,
		required(layout.SocialNo), required(layout.Name), required(layout.IDNumber),
		required(layout.Amount), required(layout.BatchID), required(layout.Account), required(layout.Region))
	l.Direction, l.RowLimit = bank.Collection, 150_000
	return l
}

// RuralCooperativePayout is the request to pay: the same seven fields.
func RuralCooperativePayout() layout.Layout {
	l := RuralCooperativeWithholding()
	l.Name, l.Direction = "rural-cooperative-payout", bank.Payment
	return l
}

// RuralCooperativeAccountOpening is the request to open accounts: social-security
// number, name, id number, region code, region name (read as the text); at most
// 500 rows; cards are made in the order of the file. It has no amounts.
func RuralCooperativeAccountOpening() layout.Layout {
	l := rural("rural-cooperative-account-opening", layout.Instructions,
		required(layout.SocialNo), required(layout.Name), required(layout.IDNumber),
		required(layout.Region), layout.Field{Name: layout.Text})
	l.RowLimit = 500
	return l
}

// RuralCooperativeAccountsOpened is the result of opening accounts. It was not
// seen; our assumption: the five fields of the request, then the account number,
// then the kind of medium, 1 card or 2 passbook (read as the code). A row of
// another kind is unknown.
func RuralCooperativeAccountsOpened() layout.Layout {
	l := rural("rural-cooperative-accounts-opened", layout.Results,
		required(layout.SocialNo), required(layout.Name), required(layout.IDNumber),
		required(layout.Region), layout.Field{Name: layout.Text}, required(layout.Account), required(layout.Code))
	l.RowLimit, l.EmptyAllowed = 500, true
	opened := layout.Answer{Outcome: bank.OutcomeSucceeded, Class: bank.ClassSuccess}
	l.Answers.Codes = map[string]layout.Answer{"1": opened, "2": opened}
	return l
}

// RuralCooperativeAccountsRefused is the other half of that assumption: the
// social-security number, name, id number and region code of the request, then
// the reason, read by the same phrases as a failed withholding.
func RuralCooperativeAccountsRefused() layout.Layout {
	l := rural("rural-cooperative-accounts-refused", layout.Results,
		required(layout.SocialNo), required(layout.Name), required(layout.IDNumber),
		required(layout.Region), layout.Field{Name: layout.Reason})
	l.RowLimit, l.EmptyAllowed = 500, true
	l.Answers.Phrases = RuralCooperativePhrases()
	return l
}

// RuralCooperativeResultSucceeded is the file …_S.TXT: number, name, id number,
// amount, batch number of what was debited or paid. It is present and empty
// where nothing was.
func RuralCooperativeResultSucceeded() layout.Layout {
	l := rural("rural-cooperative-succeeded", layout.Results, results()...)
	l.EmptyAllowed, l.RowLimit = true, 150_000
	l.Answers.Fixed = &layout.Answer{Outcome: bank.OutcomeSucceeded, Class: bank.ClassSuccess}
	return l
}

// RuralCooperativeResultFailed is the file …_F.TXT of a withholding: the same
// five fields and the reason in the bank's words.
func RuralCooperativeResultFailed() layout.Layout {
	l := rural("rural-cooperative-failed", layout.Results, append(results(), layout.Field{Name: layout.Reason})...)
	l.EmptyAllowed, l.RowLimit = true, 150_000
	l.Answers.Phrases = RuralCooperativePhrases()
	return l
}

// RuralCooperativePayoutFailed is the file …_F.TXT of a payout, which has no
// reason: the bank says that it did not pay, and not why, so the payment may be
// tried again.
func RuralCooperativePayoutFailed() layout.Layout {
	l := RuralCooperativeResultSucceeded()
	l.Name = "rural-cooperative-payout-failed"
	l.Answers.Fixed = &layout.Answer{Outcome: bank.OutcomeFailed, Class: bank.ClassRetryTechnical}
	return l
}

func results() []layout.Field {
	return []layout.Field{
		required(layout.SocialNo), required(layout.Name), required(layout.IDNumber), required(layout.Amount),
		required(layout.BatchID),
	}
}

// RuralCooperativePhrases are the reasons that banks write, by what they hold.
// The careful reading comes first: what is still being processed, then what a
// person must look at, then what may be tried again.
func RuralCooperativePhrases() []layout.Phrase {
	var all []layout.Phrase
	add := func(outcome bank.Outcome, class bank.Class, texts ...string) {
		for _, t := range texts {
			all = append(all, layout.Phrase{Text: t, Answer: layout.Answer{Outcome: outcome, Class: class}})
		}
	}
	add(bank.OutcomePending, bank.ClassUnknown, "处理中", "待处理", "已受理")
	add(bank.OutcomeFailed, bank.ClassDuplicate, "重复")
	add(bank.OutcomeFailed, bank.ClassBlocked, "冻结", "止付", "挂失", "查封", "扣划")
	add(bank.OutcomeFailed, bank.ClassFixMandate, "协议不存在", "协议号不存在", "协议未生效", "协议已撤销", "协议已解除", "未签约",
		"已解约", "无此协议")
	add(bank.OutcomeFailed, bank.ClassFixAccount, "账号户名不符", "户名不符", "户名错", "无此账户", "无此账号", "账号不存在",
		"账户不存在", "账号错误", "无效账号", "无效卡号", "已清户", "已销户", "长期不动户", "未激活", "账户状态错误")
	add(bank.OutcomeFailed, bank.ClassRetryFunds, "余额不足", "资金不足", "存款不足")
	add(bank.OutcomeFailed, bank.ClassRetryTechnical, "系统超时", "超时", "网络", "系统异常", "系统忙", "通讯")
	return all
}
