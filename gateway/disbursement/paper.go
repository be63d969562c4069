//nolint:gosmopolitan // what officers read is Chinese
package disbursement

import (
	"fmt"

	"twoline/gateway/report"
)

// Words says in plain words why a line is held.
type Words func(Hold) string

// Paper writes a roster for those who sign it: a line each, the names masked, with what
// is paid, or why not. next gives the lines after a line of the roster, until there are
// none; heldOnly says that they are those held alone.
func (r Roster) Paper(
	sheet report.Sheet, lang report.Language, heldOnly bool, why Words, next func(after int) ([]Line, error),
) error {
	pick := func(zh, en string) string {
		if lang == report.English {
			return en
		}
		return zh
	}
	title := pick("待遇发放名册", "roster of pensions")
	if heldOnly {
		title = pick("待遇暂停发放名册", "roster of held pensions")
	}
	err := sheet.Begin(report.Head{
		Name:  pick("发放名册", "roster"),
		Title: fmt.Sprintf("%s %s %s", report.SchemeName(r.Scheme, lang), r.Month, title),
		Notes: []string{
			fmt.Sprintf(pick("名册 %d，%s 编制；共 %d 笔 %s 元，其中暂停 %d 笔 %s 元",
				"roster %d, made on %s: %d lines of %s yuan, of which %d of %s are held"),
				r.ID, r.MadeOn, r.Entitled, r.EntitledAmount, r.Held, r.HeldAmount),
			pick("姓名已作脱敏处理", "names are masked"),
		},
		Columns: []report.Column{
			{Name: pick("序号", "line"), Width: 8},
			{Name: pick("个人编号", "social no"), Width: 20},
			{Name: pick("姓名", "name"), Width: 10},
			{Name: pick("所属月份", "month"), Width: 10},
			{Name: pick("基础养老金", "base pension"), Width: 14},
			{Name: pick("个人账户养老金", "account pension"), Width: 16},
			{Name: pick("丧葬补助金", "funeral grant"), Width: 14},
			{Name: pick("一次性待遇", "one-off"), Width: 14},
			{Name: pick("合计", "amount"), Width: 14},
			{Name: pick("暂停原因", "held because"), Width: 30},
		},
		Foot: nil, Signatures: []string{pick("制表", "made by"), pick("复核", "checked by"), pick("审批", "approved by")},
		Language: lang,
	})
	if err != nil {
		return err //nolint:wrapcheck // of the sheet
	}
	for last := 0; ; {
		page, err := next(last)
		if err != nil {
			return err
		}
		for _, l := range page {
			last = l.Seq
			held := ""
			if l.Held != "" {
				held = why(l.Held)
			}
			err := sheet.Row(report.CountCell(l.Seq), report.TextCell(l.SocialNo), report.TextCell(l.Name.String()),
				report.TextCell(l.Month.String()), report.MoneyCell(l.Base), report.MoneyCell(l.Account),
				report.MoneyCell(l.Funeral), report.MoneyCell(l.OneOff), report.MoneyCell(l.Sum()),
				report.TextCell(held))
			if err != nil {
				return err //nolint:wrapcheck // of the sheet
			}
		}
		if len(page) == 0 {
			return sheet.End() //nolint:wrapcheck // of the sheet
		}
	}
}
