//nolint:gosmopolitan // what officers read is Chinese
package collection

import (
	"maps"
	"strconv"

	"twoline/gateway/report"
)

// caseWords says of a kind of case what it is and what ends it, each in Chinese and English.
type caseWords struct{ title, todo [2]string }

// KnowsCase says that a kind of case has words.
func KnowsCase(kind string) bool {
	_, ok := words()[kind]
	return ok
}

// Title says in plain words what a case is about. What no word is known for is its kind.
func (c Case) Title(lang report.Language) string {
	w, ok := words()[c.Kind]
	if !ok {
		return c.Kind
	}
	return w.title[wordOf(lang)]
}

// ToDo says what ends a case; it is empty for a kind that has no words.
func (c Case) ToDo(lang report.Language) string { return words()[c.Kind].todo[wordOf(lang)] }

func wordOf(lang report.Language) int {
	if lang == report.English {
		return 1
	}
	return 0
}

// words are those of every kind, by the office that it is for.
func words() map[string]caseWords {
	all := make(map[string]caseWords, 64)
	for _, part := range []map[string]caseWords{bankWords(), moneyWords(), payWords(), memberWords(), workWords()} {
		maps.Copy(all, part)
	}
	return all
}

// bankWords are about what banks send and are sent.
func bankWords() map[string]caseWords {
	return map[string]caseWords{
		"answer_refused": {
			[2]string{"银行结果与已记录的不符", "a bank's answer contradicts what is known"},
			[2]string{"向银行核实；以书面凭证登记正确结果", "ask the bank, and enter what its letter says"},
		},
		"bank_silent": {
			[2]string{"银行逾期未答复", "a bank did not answer in time"},
			[2]string{"催办；收齐答复或逐笔登记凭证后自动办结", "ask; it ends with the last answer, or evidence about each item"},
		},
		"batch_refused": {
			[2]string{"银行整批拒收", "a bank refused a whole batch"},
			[2]string{"查明原因后重新送达", "find out why, and send it again"},
		},
		"file_quarantined": {
			[2]string{"文件被隔离", "a file was set aside"},
			[2]string{"由两人决定接收或丢弃", "two persons accept it or drop it"},
		},
		"outbox_conflict": {
			[2]string{"发送目录中已有同名文件", "another file lies in the way in the outbox"},
			[2]string{"查明该文件来源后移走，系统将再次投递", "find out whose it is and move it; it is delivered again"},
		},
		"outbox_unwritable": {
			[2]string{"发送目录无法写入", "the outbox cannot be written"},
			[2]string{"恢复目录权限或空间", "mend its rights or its space"},
		},
		"inbox_unknown": {
			[2]string{"接收目录中有无法识别的文件", "a file in the inbox is of no known kind"},
			[2]string{"与银行核对文件名，必要时由银行重新发送", "agree its name with the bank"},
		},
		"host_key_refused": {
			[2]string{"银行服务器密钥与登记的不一致", "a bank's server shows another key"},
			[2]string{"与银行当面核对密钥，确认前不传输", "confirm the key with the bank; nothing is sent before"},
		},
		"recalled_batch_answered": {
			[2]string{"已撤回的批次银行作了答复", "a bank answered a batch that was recalled"},
			[2]string{"与银行核对是否已付款，由两人办结", "agree with the bank what was paid; two persons end it"},
		},
		"recalled_batch_taken": {
			[2]string{"已撤回的批次被银行取走", "a bank took a batch that was recalled"},
			[2]string{"立即通知银行停办并取得书面答复", "tell the bank at once, and have its word in writing"},
		},
		"account_opening_row": {
			[2]string{"批量开户结果有问题", "a line of the accounts that a bank opened cannot be taken"},
			[2]string{"与银行核对该行后更正", "agree the line with the bank"},
		},
		"account_opening_left": {
			[2]string{"批量开户有人未答复", "a bank did not answer about everybody whose account it opens"},
			[2]string{"催办或另行登记账户", "ask the bank, or enter the accounts otherwise"},
		},
		"mandate_to_sign": {
			[2]string{"代扣协议需重新签订", "a mandate is to be signed again"},
			[2]string{"请参保人到银行重新签约", "the member signs at the bank"},
		},
	}
}

// moneyWords are about money that came, and about bank and book.
func moneyWords() map[string]caseWords {
	return map[string]caseWords{
		"arrival_refused": {
			[2]string{"到账通知与对账单不一致", "a notice and the statement contradict each other"},
			[2]string{"向银行核实以哪一个为准", "ask the bank which one holds"},
		},
		"arrival_unexplained": {
			[2]string{"到账资金无从认领", "nothing explains money that came"},
			[2]string{"指明所属批次、名单或终端，或退回", "name the batch, list or terminal that it is for, or give it back"},
		},
		"refund_due": {
			[2]string{"应退资金", "money is to be given back"},
			[2]string{"由两人办理退款", "two persons give it back"},
		},
		"uncleared": {
			[2]string{"银行与账上不一致", "bank and book do not agree"},
			[2]string{"对账一致后自动办结", "it ends when they agree"},
		},
		"income_not_swept": {
			[2]string{"收入户月末未清零", "the income account was not swept at the month's end"},
			[2]string{"上划至财政专户", "sweep it to the fiscal special account"},
		},
		"incident_ordinary": {
			[2]string{"一般差错事件", "an ordinary incident"},
			[2]string{"随对账差异处理完毕而办结", "it ends with its break"},
		},
		"incident_major": {
			[2]string{"重大差错事件，须报告", "a major incident, which is to be reported"},
			[2]string{"报告上级；随对账差异处理完毕而办结", "report it; it ends with its break"},
		},
		"break_overdue": {
			[2]string{"对账差异逾期", "a break is overdue"},
			[2]string{"处理差异，或由两人延期", "settle it, or two persons give it more time"},
		},
		"break_correction": {
			[2]string{"账上有误，待更正", "the book is to be corrected"},
			[2]string{"按原业务办理更正", "correct it by its own flow"},
		},
		"break_reissue": {
			[2]string{"应重新发放", "it is to be paid again"},
			[2]string{"列入补发批次", "put it into a reissue run"},
		},
		"duplicate_bank_debit": {
			[2]string{"银行疑似重复扣付", "the bank may have debited twice"},
			[2]string{"向银行核实，要求更正", "ask the bank, and have it corrected"},
		},
		"possible_fraud": {
			[2]string{"账上没有依据的银行付款", "the bank paid what the book does not know"},
			[2]string{"立即向银行核实并报告", "ask the bank at once, and report it"},
		},
		"return_proposed": {
			[2]string{"疑似退票", "a line looks like a returned payment"},
			[2]string{"确认是哪一笔的退票", "say which payment came back"},
		},
		"refund_returned": {
			[2]string{"退费被银行退回", "the bank gave a refund back"},
			[2]string{"核实收款账户，由两人再次退付", "find the right account; two persons have it paid again"},
		},
		"subsidy_after_refund": {
			[2]string{"退费后补贴仍在账上", "a subsidy stands though its contribution was given back"},
			[2]string{"由下一份补贴名单冲回；账户不足的由两人处理", "the next list takes it back; two persons settle the rest"},
		},
		"pension_subsidy_due": {
			[2]string{"发放日前基础养老金补助未到账", "subsidies of base pensions are missing shortly before pay day"},
			[2]string{"催拨", "ask the level that owes it"},
		},
		"pension_subsidy_late": {
			[2]string{"基础养老金补助逾期", "subsidies of base pensions are late"},
			[2]string{"催拨", "ask the level that owes it"},
		},
	}
}

// payWords are about pensions that leave.
func payWords() map[string]caseWords {
	return map[string]caseWords{
		"payrun_due": {
			[2]string{"应编制发放批次", "a month's run is to be made"},
			[2]string{"编制并提交本月发放批次", "make and submit it"},
		},
		"payrun_not_released": {
			[2]string{"发放批次未按时拨付", "a month's run was not released in time"},
			[2]string{"审批并拨付", "approve and release it"},
		},
		"funds_short": {
			[2]string{"支出户余额不足", "the expenditure account does not hold what a run pays"},
			[2]string{"申请财政专户拨款", "ask for an allocation"},
		},
		"calendar_missing": {
			[2]string{"缺少工作日历", "the working days are not known"},
			[2]string{"更新程序所带的国务院放假安排", "the programme needs the year's holidays"},
		},
		"rule_missing": {
			[2]string{"缺少政策规定", "a rule is missing"},
			[2]string{"由两人录入并批准该规定", "two persons enter it"},
		},
		"name_not_encodable": {
			[2]string{"姓名用字银行无法识别", "a bank's files cannot hold a name"},
			[2]string{"与银行约定替代写法，或改由其他银行发放", "agree how to write it, or pay by another bank"},
		},
		"shared_account": {
			[2]string{"多人共用一个账户", "several pensioners are paid to one account"},
			[2]string{"核实后更换账户，或由两人确认", "look into it; change the account, or two persons confirm"},
		},
		"account_shared": {
			[2]string{"账户已登记在他人名下", "the account is another member's too"},
			[2]string{"核实账户归属", "find out whose it is"},
		},
		"possible_double_credit": {
			[2]string{"可能重复入账", "money may have come twice"},
			[2]string{"向银行核实，由两人办结", "ask the bank; two persons end it"},
		},
		"return_refused": {
			[2]string{"退票无法入账", "a returned payment cannot be taken"},
			[2]string{"与银行核对是哪一笔的退票", "agree with the bank which payment it was"},
		},
		"return_unpaid": {
			[2]string{"退票久未重发", "a returned payment waits too long"},
			[2]string{"更正账户后补发，或登记无人认领", "correct the account and pay again, or give it up"},
		},
		"return_waits": {
			[2]string{"退票等待重发", "a returned payment waits"},
			[2]string{"更正账户后补发，或登记无人认领", "correct the account and pay again, or give it up"},
		},
		"paid_by_hand": {
			[2]string{"已手工付款，原款未退回", "paid by hand, and the first payment is not back"},
			[2]string{"催银行退回原款；退回后自动办结", "ask the bank for it; it ends when it is back"},
		},
		"pension_unpaid": {
			[2]string{"核定晚于发放批次，尚未发放", "pensions decided after their run are unpaid"},
			[2]string{"编制该月补充批次", "make a supplementary run of the month"},
		},
		"months_overpaid": {
			[2]string{"已发月份多发", "months were paid more than is due"},
			[2]string{
				"核实后以差额清单申请追回，全部追回后自动办结",
				"look into it, and ask for a list of differences that recovers; it ends with the last of them",
			},
		},
	}
}

// memberWords are about members' lives and rights.
func memberWords() map[string]caseWords {
	return map[string]caseWords{
		"duplicate_identity": {
			[2]string{"同一人重复登记", "one person is registered twice"},
			[2]string{"核实身份；终止其一，或由两人解除暂停", "find out who it is; end one membership, or two persons release"},
		},
		"alive_after_death": {
			[2]string{"登记死亡后又有生存认证", "seen alive after the reported death"},
			[2]string{"核实；由两人撤销死亡登记，或更正认证", "find out; two persons take the notice back, or the evidence is wrong"},
		},
		"death_of_one_membership": {
			[2]string{"同一人另一参保关系的死亡登记仍有效", "the death stands for the person's other membership alone"},
			[2]string{"由两人撤销另一条死亡登记；撤销后自动办结", "two persons take the other notice back, too; it ends with that"},
		},
		"death_after_release": {
			[2]string{"拨付后得知死亡", "a death was told after the release"},
			[2]string{"联系银行止付；已付的予以追回", "ask the bank to stop it; what was paid is recovered"},
		},
		"weak_match": {
			[2]string{"比对结果不确定", "a list may mean this member"},
			[2]string{"核对身份后登记或排除", "compare the persons, and report or dismiss"},
		},
		"match_taken_back": {
			[2]string{"比对名单再次指向已撤销的死亡登记", "a list tells a death again whose notice was taken back"},
			[2]string{"再次核实本人", "see the member again"},
		},
		"grant_to_the_living": {
			[2]string{"死亡登记撤销，丧葬费已付", "a grant was paid for who is alive"},
			[2]string{"向领取人追回", "recover it from who drew it"},
		},
		"funeral_grant_risen": {
			[2]string{"丧葬补助金应补差", "a funeral grant rose after it was paid"},
			[2]string{"请继承人申领差额", "an heir claims the difference"},
		},
		"grant_by_later_death": {
			[2]string{"按较晚死亡日核定的待遇，现死亡日更早", "heirs were granted by a later day of death than the one reported now"},
			[2]string{"由两人终止该核定后按新死亡日重新申领", "two persons end it; the heirs claim anew by the new day"},
		},
		"instalment_overdue": {
			[2]string{"分期退还逾期", "an instalment did not come"},
			[2]string{"催收；款到后自动办结", "ask for it; it ends when the money came"},
		},
		"member_transfer_late": {
			[2]string{"关系转移逾期", "a step of a member's transfer is late"},
			[2]string{"办理下一步", "do the next step"},
		},
		"member_transfer_sum": {
			[2]string{"转入金额与告知不符", "a transfer brought another sum than was announced"},
			[2]string{"与转出地核对，或退回", "agree it with the other office, or give it back"},
		},
	}
}

// workWords are about the gateway itself.
func workWords() map[string]caseWords {
	return map[string]caseWords{
		"work_stuck": {
			[2]string{"后台处理停滞", "background work does not go on"},
			[2]string{"查看日志；恢复后自动办结", "look at the log; it ends when the work goes on"},
		},
	}
}

// CaseList is a list of cases as a paper.
type CaseList struct {
	// Closed says that they are those that were settled.
	Closed bool
	// Next gives the cases after one, until there are none.
	Next func(after int64) ([]Case, error)
}

// Write writes the list, a case each.
func (l CaseList) Write(sheet report.Sheet, lang report.Language) error {
	pick := func(zh, en string) string { return [2]string{zh, en}[wordOf(lang)] }
	title, last := pick("待办事项清单", "cases to look at"), pick("如何办结", "what ends it")
	if l.Closed {
		title, last = pick("已办结事项清单", "settled cases"), pick("办结说明", "how it was settled")
	}
	page, err := l.Next(0)
	if err != nil {
		return err
	}
	var foot []string
	if len(page) == 0 {
		foot = []string{pick("没有事项", "there are none")}
	}
	err = sheet.Begin(report.Head{
		Name: pick("事项", "cases"), Title: title, Notes: nil,
		Columns: []report.Column{
			{Name: pick("编号", "case"), Width: 12},
			{Name: pick("日期", "opened on"), Width: 12},
			{Name: pick("事项", "what"), Width: 30},
			{Name: pick("对象", "subject"), Width: 26},
			{Name: pick("银行", "bank"), Width: 10},
			{Name: pick("详情", "text"), Width: 60},
			{Name: last, Width: 40},
		},
		Foot: foot, Signatures: nil, Language: lang,
	})
	if err != nil {
		return err //nolint:wrapcheck // of the sheet
	}
	for len(page) > 0 {
		for _, c := range page {
			how := c.ToDo(lang)
			if l.Closed {
				how = c.ClosedText
			}
			err := sheet.Row(report.TextCell(strconv.FormatInt(c.ID, 10)), report.TextCell(c.OpenedOn.String()),
				report.TextCell(c.Title(lang)), report.TextCell(c.Subject), report.TextCell(c.Bank),
				report.TextCell(c.Text), report.TextCell(how))
			if err != nil {
				return err //nolint:wrapcheck // of the sheet
			}
		}
		if page, err = l.Next(page[len(page)-1].ID); err != nil {
			return err
		}
	}
	return sheet.End() //nolint:wrapcheck // of the sheet
}
