//nolint:gosmopolitan // what families read is Chinese
package lifeevent

import (
	"fmt"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/report"
)

// Letter asks for what a plan in force asks for: on a day, of an agency, to be paid to the accounts
// that collect for the member's scheme.
type Letter struct {
	Recovery

	On     calendar.Day
	Agency string
	PayTo  []PayTo
}

// PayTo is a fund account that money of a recovery is paid into; Bank is the bank's name.
type PayTo struct{ Bank, Name, AccountNo string }

// letterable proves that a letter can go out: a plan is in force, and asks for all that is open.
func (r *Recovery) letterable() error {
	switch r.State() {
	case RecoveryVoid:
		return ErrRecoveryVoid
	case RecoverySettled:
		return ErrLetter.With("nothing of this recovery is open")
	case RecoveryOpen, RecoveryPlanned:
	}
	if !r.Planned || r.Unplanned() > 0 {
		return ErrLetter.With("%s are open and asked of nobody: plan the recovery, and have the plan approved",
			r.Unplanned())
	}
	return nil
}

// left are the instalments with what nothing that came covers yet: the earlier ones are covered first.
func (r *Recovery) left() []Instalment {
	var asked money.Amount
	for _, i := range r.Instalments {
		asked += i.Amount
	}
	covered := asked - r.Open()
	out := make([]Instalment, len(r.Instalments))
	for n, i := range r.Instalments {
		came := max(0, min(i.Amount, covered))
		covered -= came
		out[n] = Instalment{DueOn: i.DueOn, Amount: i.Amount - came}
	}
	return out
}

// letterText are the words of a letter in one language.
type letterText struct {
	name, title, to, other, unit       string
	account, grant, received, asked    string
	ask, back, total, basis, on, payTo string
	// Those of reasons beside a death, by reason.
	reasons map[RecoveryReason]reasonText
	// member is to whom it goes where nobody died.
	member     string
	columns    []report.Column
	instalment string
	signatures []string
}

// reasonText are the words of a letter for one reason; basis takes the first month.
type reasonText struct{ title, total, basis string }

func letterWords(lang report.Language) letterText {
	if lang == report.English {
		return letterText{
			name: "recovery", title: "Notice: pension paid after a death is to be returned (no. %d)",
			to:    "to the family of %s (social-security no. %s)",
			other: "to the agency of the other pension of %s (no. %s)",
			unit:  "in yuan", account: "taken from the personal account", grant: "taken from the funeral grant",
			received: "received", asked: "to be returned",
			ask:  "Please return %s to the agency, in the instalments above.",
			back: "given back by the bank since", on: "%s, %s", payTo: "To be paid to: %s, bank %s, account %s",
			total: "paid for months after the death", basis: "The pension ended with %s, the month of the death on %s.",
			member: "to %s (social-security no. %s)",
			reasons: map[RecoveryReason]reasonText{
				AfterDeath: {}, // title, total and basis
				DrawnTwice: {
					"Notice: base pension drawn beside another pension is to be returned (no. %d)",
					"base pensions of months with another pension",
					"Another basic pension is drawn from %s on and is kept; nothing was owed here from then on.",
				},
				AfterLeaving: {
					"Notice: base pension paid after leaving for good is to be returned (no. %d)",
					"base pensions of months after leaving",
					"The membership ended by emigration or by giving the nationality up; nothing was owed from %s on.",
				},
				DuringSentence: {
					"Notice: pension paid during a sentence is to be returned (no. %d)",
					"pensions of months of the sentence",
					"No pension is owed for months of a sentence, which are those from %s on that are listed.",
				},
				PaidTooHigh: {
					"Notice: pension paid above what is decided is to be returned (no. %d)",
					"paid above what is decided",
					"The pension was decided lower with effect from an earlier month; too much was paid of the " +
						"months from %s on that are listed.",
				},
			},
			columns: []report.Column{
				{Name: "what", Width: 40},
				{Name: "month or day", Width: 14},
				{Name: "base pension", Width: 16},
				{Name: "account pension", Width: 16},
				{Name: "sum", Width: 16},
			},
			instalment: "instalment %d, due by",
			signatures: []string{"made by", "checked by", "seal of the agency", "received by"},
		}
	}
	return letterText{
		name: "追回通知书", title: "城乡居民基本养老保险待遇追回通知书(第 %d 号)", to: "致:%s 家属(社会保障号 %s)",
		other: "致:%s(社会保障号 %s)其他养老待遇发放机构", unit: "单位:元", account: "个人账户余额抵扣", grant: "丧葬补助金抵扣",
		received: "已退回", asked: "应退回", ask: "请按上列期次将 %s 元退回经办机构。",
		back: "银行已退回", on: "%s  %s", payTo: "缴款账户:%s,开户行 %s,账号 %s",
		total: "死亡次月起多发待遇合计", basis: "参保人于 %[2]s 死亡,待遇发放至 %[1]s 止。",
		member: "致:%s(社会保障号 %s)",
		reasons: map[RecoveryReason]reasonText{
			AfterDeath: {}, // title, total and basis
			DrawnTwice: {
				"城乡居民基本养老保险重复领取待遇追回通知书(第 %d 号)", "重复领取期间基础养老金合计",
				"参保人自 %s 起领取其他基本养老待遇并予保留,自该月起不再享受本待遇。",
			},
			AfterLeaving: {
				"城乡居民基本养老保险出国(境)定居后多发待遇追回通知书(第 %d 号)", "离境次月起多发基础养老金合计",
				"参保人已出国(境)定居或丧失国籍,自 %s 起不再享受本待遇。",
			},
			DuringSentence: {
				"城乡居民基本养老保险服刑期间多发待遇追回通知书(第 %d 号)", "服刑期间多发待遇合计",
				"参保人服刑期间停止发放待遇,自 %s 起所列月份不应享受本待遇。",
			},
			PaidTooHigh: {
				"城乡居民基本养老保险多发待遇追回通知书(第 %d 号)", "多发待遇合计",
				"经重新核定,待遇标准低于已发标准,自 %s 起所列月份多发的待遇应予退回。",
			},
		},
		columns: []report.Column{
			{Name: "项目", Width: 40},
			{Name: "月份(日期)", Width: 14},
			{Name: "基础养老金", Width: 16},
			{Name: "个人账户养老金", Width: 16},
			{Name: "合计", Width: 16},
		},
		instalment: "第 %d 期,截止", signatures: []string{"经办", "复核", "经办机构(盖章)", "签收"},
	}
}

// WriteLetter writes what is asked of the debtor, month by month, with what was set off
// and the instalments.
func (r *Letter) WriteLetter(sheet report.Sheet, lang report.Language) error {
	w := letterWords(lang)
	to := w.to
	switch r.AskedOf {
	case OtherPension:
		to = w.other
	case TheMember:
		to = w.member
	case Family:
	}
	basis := fmt.Sprintf(w.basis, r.Died.Month(), r.Died)
	if own := w.reasons[r.Reason]; r.Reason != AfterDeath {
		w.title, w.total, basis = own.title, own.total, fmt.Sprintf(own.basis, r.Since)
	}
	foot := []string{fmt.Sprintf(w.ask, r.Open())}
	for _, a := range r.PayTo {
		foot = append(foot, fmt.Sprintf(w.payTo, a.Name, a.Bank, a.AccountNo))
	}
	foot = append(foot, fmt.Sprintf(w.on, r.Agency, r.On))
	err := sheet.Begin(report.Head{
		Name: w.name, Title: fmt.Sprintf(w.title, r.ID),
		Notes: []string{
			fmt.Sprintf(to, r.Name.Plain(), r.SocialNo), basis, w.unit,
		},
		Columns: w.columns, Foot: foot, Signatures: w.signatures, Language: lang,
	})
	if err != nil {
		return err //nolint:wrapcheck // the sheet's own
	}
	for _, row := range r.letterRows(w) {
		if err := sheet.Row(row...); err != nil {
			return err //nolint:wrapcheck // the sheet's own
		}
	}
	return sheet.End() //nolint:wrapcheck // the sheet's own
}

func (r *Recovery) letterRows(w letterText) [][]report.Cell {
	var rows [][]report.Cell
	row := func(what string, on report.Cell, base, account, sum report.Cell) {
		rows = append(rows, []report.Cell{report.TextCell(what), on, base, account, sum})
	}
	only := func(what string, day calendar.Day, sum money.Amount) {
		on := report.Blank()
		if !day.IsZero() {
			on = report.DateCell(day)
		}
		row(what, on, report.Blank(), report.Blank(), report.MoneyCell(sum))
	}
	for _, l := range r.Lines {
		what := ""
		if l.CameBack {
			what = w.back
		}
		row(what, report.TextCell(l.Month.String()), report.MoneyCell(l.Base), report.MoneyCell(l.Account),
			report.MoneyCell(l.Base+l.Account))
	}
	row(w.total, report.Blank(), report.MoneyCell(r.Base), report.MoneyCell(r.Account), report.MoneyCell(r.Total()))
	none := calendar.Day{}
	for _, less := range []struct {
		what   string
		amount money.Amount
	}{{w.account, r.FromAccount}, {w.grant, r.FromFuneral}, {w.received, r.Received()}} {
		if less.amount > 0 {
			only(less.what, none, less.amount)
		}
	}
	only(w.asked, none, r.Open())
	for i, p := range r.left() {
		if p.Amount > 0 {
			only(fmt.Sprintf(w.instalment, i+1), p.DueOn, p.Amount)
		}
	}
	return rows
}
