//nolint:gosmopolitan // what officers read is Chinese
package feedback

import (
	"fmt"
	"strconv"

	"twoline/gateway/party"
	"twoline/gateway/report"
)

// ProgressPaper writes the days of a list as a paper, with what came so far.
func ProgressPaper(sheet report.Sheet, lang report.Language, s Subject, days []Day) error {
	title := pick(lang, "缴费进度表", "contributions by day")
	notes := []string{pick(lang, "按银行起息日统计，当日金额已扣除退回；人数按首次到账日计一次",
		"by value date, less what went back; each payer counts once, on the day of the first payment")}
	if s.Pensions() {
		title = pick(lang, "待遇发放进度表", "pensions by day")
	}
	if len(days) == 0 {
		notes = append(notes, pick(lang, "尚无到账", "nothing came yet"))
	}
	err := sheet.Begin(report.Head{
		Name: pick(lang, "进度表", "progress"), Title: fmt.Sprintf("%s %s", title, s), Notes: notes,
		Columns: []report.Column{
			{Name: pick(lang, "日期", "day"), Width: 12},
			{Name: pick(lang, "当日人数", "payers"), Width: 12},
			{Name: pick(lang, "当日金额", "amount"), Width: 18},
			{Name: pick(lang, "累计人数", "payers so far"), Width: 14},
			{Name: pick(lang, "累计金额", "amount so far"), Width: 20},
		},
		Foot: nil, Signatures: nil, Language: lang,
	})
	if err != nil {
		return err //nolint:wrapcheck // of the sheet
	}
	for _, d := range days {
		err := sheet.Row(report.DateCell(d.Day), report.CountCell(d.Payers), report.MoneyCell(d.Amount),
			report.CountCell(d.PayersSoFar), report.MoneyCell(d.AmountSoFar))
		if err != nil {
			return err //nolint:wrapcheck // of the sheet
		}
	}
	return sheet.End() //nolint:wrapcheck // of the sheet
}

func (r Renewal) place() (party.Region, string) { return r.Region, r.Name }

// Write writes the renewals as a paper: each township's villages, its sum, and the total.
func (l Renewals) Write(sheet report.Sheet, lang report.Language) error {
	title := fmt.Sprintf(pick(lang, "%d年度续缴率统计表", "renewals of %d"), l.Year)
	err := sheet.Begin(report.Head{
		Name: pick(lang, "续缴率", "renewals"), Title: fmt.Sprintf("%s %s", l.Total.Name, title),
		Notes: []string{
			pick(lang, "续缴率=上年缴费人员中本年已缴费人数÷上年缴费人数；新增缴费人员不计入",
				"rate = last year's payers who paid for the year / last year's payers; new payers are in neither"),
			pick(lang, "上年无人缴费的，不计算续缴率", "where nobody paid last year there is no rate"),
		},
		Columns: []report.Column{
			{Name: pick(lang, "区划代码", "region"), Width: 14},
			{Name: pick(lang, "村（社区）", "village"), Width: 20},
			{Name: pick(lang, "上年缴费人数", "payers last year"), Width: 16},
			{Name: pick(lang, "其中续缴", "renewed"), Width: 12},
			{Name: pick(lang, "续缴率", "rate"), Width: 10},
			{Name: pick(lang, "新增缴费", "new payers"), Width: 12},
			{Name: pick(lang, "本年缴费人数", "payers"), Width: 14},
		},
		Foot: nil, Signatures: nil, Language: lang,
	})
	if err != nil {
		return err //nolint:wrapcheck // of the sheet
	}
	row := func(r Renewal, name string) error {
		rate, _ := r.Rate()
		return sheet.Row(report.TextCell(r.Region.String()), report.TextCell(name), //nolint:wrapcheck // of the sheet
			report.CountCell(r.LastYear), report.CountCell(r.Renewed), report.TextCell(rate), report.CountCell(r.New),
			report.CountCell(r.ThisYear))
	}
	if err := byTownship(lang, l.Villages, l.Townships, l.Total, row); err != nil {
		return err
	}
	return sheet.End() //nolint:wrapcheck // of the sheet
}

// Text says it as a sentence.
func (f Finding) Text(lang report.Language) string {
	of, year := pick(lang, "所辖区域", "the regions below"), strconv.Itoa(f.Year)
	if f.Years {
		of = pick(lang, "各年度", "its years")
	}
	if f.Year == AllYears {
		year = pick(lang, "各年合计", "all years")
	}
	if lang == report.English {
		return fmt.Sprintf("%s states %d for %s in %s; %s sum to %d by %s", f.Document, f.Heads, f.Name, year, of,
			f.Sum, f.Of)
	}
	return fmt.Sprintf("《%s》载明%s（%s）为%d人，而按《%s》%s相加为%d人", f.Document, f.Name, year, f.Heads, f.Of, of,
		f.Sum)
}

// Write writes targets as a paper, with what they add up to and what differs below.
func (s Sums) Write(sheet report.Sheet, lang report.Language) error {
	var foot []string
	year := func(y int) string {
		if y == AllYears {
			return pick(lang, "各年合计", "all years")
		}
		return strconv.Itoa(y)
	}
	for _, y := range s.Years {
		foot = append(foot, fmt.Sprintf(pick(lang, "《%s》%s：%d个区域相加%d人", "%s, %s: %d regions sum to %d"), y.Document,
			year(y.Year), y.Regions, y.Heads))
	}
	for _, f := range s.Findings {
		foot = append(foot, pick(lang, "不一致：", "differs: ")+f.Text(lang))
	}
	if len(s.Targets) == 0 {
		foot = append(foot, pick(lang, "尚未导入目标任务", "no targets were imported"))
	}
	err := sheet.Begin(report.Head{
		Name: pick(lang, "参保目标", "targets"), Title: pick(lang, "新增参保目标任务表", "targets of enrolment"),
		Notes: []string{pick(lang, "单位：人；只与人数比较，不与金额比较", "in heads, never compared with money")},
		Columns: []report.Column{
			{Name: pick(lang, "区划代码", "region"), Width: 14},
			{Name: pick(lang, "名称", "name"), Width: 20},
			{Name: pick(lang, "年度", "year"), Width: 10},
			{Name: pick(lang, "目标人数", "heads"), Width: 12},
			{Name: pick(lang, "文件", "document"), Width: 40},
		},
		Foot: foot, Signatures: nil, Language: lang,
	})
	if err != nil {
		return err //nolint:wrapcheck // of the sheet
	}
	for _, t := range s.Targets {
		err := sheet.Row(report.TextCell(t.Region.String()), report.TextCell(t.Name), report.TextCell(year(t.Year)),
			report.CountCell(t.Heads), report.TextCell(t.Document))
		if err != nil {
			return err //nolint:wrapcheck // of the sheet
		}
	}
	return sheet.End() //nolint:wrapcheck // of the sheet
}
