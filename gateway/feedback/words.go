//nolint:gosmopolitan // what villages read is Chinese
package feedback

import (
	"fmt"
	"strings"

	"twoline/gateway/party"
	"twoline/gateway/report"
)

// reasons are the plain words of every standing, in Chinese and English.
func reasons() map[Standing][2]string {
	return map[Standing][2]string{
		Paid:                     {"已到账", "paid"},
		InFlight:                 {"银行办理中", "with the bank, answer awaited"},
		"not_sent":               {"尚未扣款", "not sent to a bank yet"},
		"RETRY_FUNDS":            {"账户余额不足", "not enough money on the account"},
		"FIX_ACCOUNT":            {"账户信息有误或账户不可用", "the account is wrong, closed or cannot be used"},
		"FIX_MANDATE":            {"代扣协议无效", "the authority to debit is missing or ended"},
		"BLOCKED":                {"账户冻结或挂失", "the account is frozen or reported lost"},
		"RETRY_TECHNICAL":        {"银行系统原因，将再次办理", "a fault at the bank; it is tried again"},
		"DUPLICATE":              {"银行认为重复", "the bank holds it for a duplicate"},
		"UNKNOWN":                {"银行未说明原因", "the bank gave no reason that is known"},
		"RETURNED":               {"银行退回", "came back from the bank"},
		"NOT_ACTIVATED":          {"社保卡金融功能未激活", "the card is not activated: the money cannot be drawn"},
		"recalled":               {"已从银行撤回，将再次发放", "taken back from the bank; it is paid again"},
		"deceased":               {"已登记死亡", "reported dead"},
		"member_died":            {"已登记死亡，不再收费", "reported dead: nothing is taken"},
		"member_left":            {"已终止参保", "no member any more"},
		"draws_pension":          {"已领取养老金，不再缴费", "draws the pension: nothing is taken any more"},
		"no_account":             {"没有可用账户", "no account to pay to"},
		"account_changed":        {"账户刚变更，核实中", "the account was changed shortly before"},
		"name_not_encodable":     {"姓名含生僻字，银行无法识别", "the bank's files cannot hold the name"},
		"account_not_corrected":  {"退回后账户未更正", "the account was not corrected after a return"},
		"possible_double_credit": {"可能已到账，核实中", "the money may have come already; it is looked into"},
		"above_entitlement":      {"金额核实中", "the amount is above what is due; it is looked into"},
		"certification_overdue":  {"逾期未认证", "the yearly certification is overdue"},
		"other_pension":          {"领取其他养老待遇", "draws another pension"},
		"child_unpaid":           {"子女未缴费", "a child who must pay has not"},
		"duplicate_identity":     {"身份信息重复", "the identity is registered twice"},
		"shared_account":         {"账户与他人共用", "the account serves several people"},
		"amount_review":          {"金额复核中", "the amount is under review"},
		WithAgency:               {"请到经办机构咨询", "please ask at the agency"},
		"sentenced":              {"服刑期间停发", "not paid during a sentence"},
		"court":                  {"法院或司法原因", "by order of a court"},
		"investigation":          {"调查中", "under investigation"},
		"manual":                 {"经办机构暂停，请咨询", "held by the agency; please ask there"},
	}
}

// Reason says in plain words where a member stands. What no word is known for is
// another reason, never the code.
func Reason(s Standing, lang report.Language) string {
	words, ok := reasons()[s]
	if !ok {
		words = [2]string{"其他原因，请咨询经办机构", "another reason; please ask at the agency"}
	}
	return words[wordOf(lang)]
}

func wordOf(lang report.Language) int {
	if lang == report.English {
		return 1
	}
	return 0
}

func pick(lang report.Language, zh, en string) string { return [2]string{zh, en}[wordOf(lang)] }

// why lists the reasons of a line with their numbers.
func (l Line) why(lang report.Language) string {
	var list []string
	for _, r := range l.Reasons() {
		list = append(list, fmt.Sprintf("%s %d", Reason(r, lang), l.Unpaid[r]))
	}
	if l.InFlight > 0 {
		list = append(list, fmt.Sprintf("%s %d", Reason(InFlight, lang), l.InFlight))
	}
	return strings.Join(list, pick(lang, "；", "; "))
}

func (l Line) place() (party.Region, string) { return l.Region, l.Name }

// byTownship gives the rows of a paper: each township's villages, its sum, and the total.
func byTownship[L interface{ place() (party.Region, string) }](
	lang report.Language, villages, townships []L, total L, row func(line L, name string) error,
) error {
	next := 0
	for _, t := range townships {
		township, title := t.place()
		for ; next < len(villages); next++ {
			region, name := villages[next].place()
			if region.Township() != township {
				break
			}
			if err := row(villages[next], name); err != nil {
				return err
			}
		}
		if err := row(t, title+pick(lang, " 小计", " in all")); err != nil {
			return err
		}
	}
	return row(total, pick(lang, "合计", "total"))
}

// Write writes the lines as a paper: each township's villages, its sum, and the total.
func (l Lines) Write(sheet report.Sheet, lang report.Language) error {
	title := pick(lang, "缴费反馈表", "contributions, paid and unpaid")
	if l.Subject.Pensions() {
		title = pick(lang, "待遇发放反馈表", "pensions, paid and unpaid")
	}
	err := sheet.Begin(report.Head{
		Name: pick(lang, "反馈表", "feedback"), Title: fmt.Sprintf("%s %s %s", l.Total.Name, title, l.Subject),
		Notes: []string{pick(lang, "应办人数=已到账+未到账；未到账含银行办理中",
			"due = paid + not paid; those with the bank are not paid yet")},
		Columns: []report.Column{
			{Name: pick(lang, "区划代码", "region"), Width: 14},
			{Name: pick(lang, "村（社区）", "village"), Width: 20},
			{Name: pick(lang, "应办人数", "due"), Width: 10},
			{Name: pick(lang, "已到账", "paid"), Width: 10},
			{Name: pick(lang, "金额", "amount"), Width: 16},
			{Name: pick(lang, "未到账", "not paid"), Width: 10},
			{Name: pick(lang, "未到账原因", "why not"), Width: 60},
		},
		Foot: nil, Signatures: nil, Language: lang,
	})
	if err != nil {
		return err //nolint:wrapcheck // of the sheet
	}
	row := func(line Line, name string) error {
		cells := []report.Cell{
			report.TextCell(line.Region.String()), report.TextCell(name), report.CountCell(line.Due),
			report.CountCell(line.Paid), report.MoneyCell(line.Amount), report.CountCell(line.NotPaid()),
			report.TextCell(line.why(lang)),
		}
		return sheet.Row(cells...) //nolint:wrapcheck // of the sheet
	}
	if err := byTownship(lang, l.Villages, l.Townships, l.Total, row); err != nil {
		return err
	}
	return sheet.End() //nolint:wrapcheck // of the sheet
}

// PeoplePaper writes a list of names for publication: each asks for the persons after
// the last one, until there are none. No name stands in it in full.
func PeoplePaper(
	sheet report.Sheet, lang report.Language, s Subject, next func(after int64) ([]Person, error),
) error {
	title := pick(lang, "缴费情况公示", "contributions, by name")
	if s.Pensions() {
		title = pick(lang, "待遇发放情况公示", "pensions, by name")
	}
	err := sheet.Begin(report.Head{
		Name: pick(lang, "公示名单", "names"), Title: fmt.Sprintf("%s %s", title, s),
		Notes: []string{pick(lang, "姓名已作脱敏处理", "names are masked")},
		Columns: []report.Column{
			{Name: pick(lang, "村（社区）", "village"), Width: 24},
			{Name: pick(lang, "姓名", "name"), Width: 12},
			{Name: pick(lang, "情况", "standing"), Width: 60},
		},
		Foot: nil, Signatures: nil, Language: lang,
	})
	if err != nil {
		return err //nolint:wrapcheck // of the sheet
	}
	var last int64
	for {
		page, err := next(last)
		if err != nil {
			return err
		}
		for _, p := range page {
			last = p.Member
			err := sheet.Row(report.TextCell(p.Village), report.TextCell(p.Name.String()),
				report.TextCell(Reason(p.Standing, lang)))
			if err != nil {
				return err //nolint:wrapcheck // of the sheet
			}
		}
		if len(page) == 0 {
			return sheet.End() //nolint:wrapcheck // of the sheet
		}
	}
}
