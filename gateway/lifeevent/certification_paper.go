//nolint:gosmopolitan // what villages read is Chinese
package lifeevent

import (
	"context"
	"fmt"

	"twoline/gateway/approval"
	"twoline/gateway/report"
)

// paperPage is how many pensioners of a paper are read at once: each reading looks at all of them.
const paperPage = 50_000

// words of a standing and a way, in Chinese and English.
func (s Standing) words(lang report.Language) string {
	return pickOf(lang, map[Standing][2]string{
		Certified: {"已认证", "certified"}, DueSoon: {"即将到期", "due soon"}, Overdue: {"逾期未认证", "overdue"},
		Resumable: {"已认证，待恢复发放", "certified, waits for release"},
	}[s])
}

func (w Way) words(lang report.Language) string {
	return pickOf(lang, map[Way][2]string{
		SelfService: {"自助认证", "self service"}, Counter: {"柜台认证", "at a counter"},
		VillageList: {"村级名单", "village list"}, HomeVisit: {"上门认证", "home visit"},
		Entrusted: {"委托认证", "entrusted"}, Silent: {"静默认证", "silent"},
	}[w])
}

func pickOf(lang report.Language, words [2]string) string {
	if lang == report.English {
		return words[1]
	}
	return words[0]
}

// CertificationPaper writes the pensioners of Certifications for who goes from house to house: names are
// masked, and the sums of all of the region stand above, whatever the filter selects.
func (s *Service) CertificationPaper(
	ctx context.Context, by approval.Officer, f CertificationFilter, sheet report.Sheet, lang report.Language,
) error {
	f.After, f.Limit = 0, paperPage
	list, sums, err := s.Certifications(ctx, by, f)
	if err != nil {
		return err
	}
	if err := sheet.Begin(sums.head(len(list) == 0, s.today().String(), lang)); err != nil {
		return err //nolint:wrapcheck // of the sheet
	}
	for len(list) > 0 {
		for _, c := range list {
			last := ""
			if !c.Last.IsZero() {
				last = c.Last.String()
			}
			err := sheet.Row(report.TextCell(c.Region.String()), report.TextCell(c.SocialNo),
				report.TextCell(c.Name.String()), report.TextCell(c.Standing.words(lang)),
				report.TextCell(c.DueOn.String()), report.TextCell(last), report.TextCell(c.Way.words(lang)),
				report.MoneyCell(c.Monthly))
			if err != nil {
				return err //nolint:wrapcheck // of the sheet
			}
		}
		if len(list) < paperPage {
			break
		}
		f.After = list[len(list)-1].Member
		if list, _, err = s.Certifications(ctx, by, f); err != nil {
			return err
		}
	}
	return sheet.End() //nolint:wrapcheck // of the sheet
}

func (s CertificationSums) head(empty bool, today string, lang report.Language) report.Head {
	pick := func(zh, en string) string { return pickOf(lang, [2]string{zh, en}) }
	rate, ok := s.SilentRate()
	if !ok {
		rate = "—"
	}
	var foot []string
	if empty {
		foot = []string{pick("没有符合条件的人员", "nobody is selected")}
	}
	return report.Head{
		Name: pick("认证名单", "certifications"), Title: pick("领取待遇资格认证名单", "pensioners by certification"),
		Notes: []string{
			fmt.Sprintf(pick("截至 %s：领取人员 %d 人，已认证 %d 人，60 日内到期 %d 人，逾期 %d 人，待恢复发放 %d 人",
				"on %s: %d pensioners, %d certified, %d due within 60 days, %d overdue, %d to be released"),
				today, s.Pensioners, s.Certified, s.DueSoon, s.Overdue, s.Resumable),
			fmt.Sprintf(pick("静默认证率 %s（静默认证 %d 人，认证有效 %d 人）",
				"silent rate %s: %d silent of %d that are current"), rate, s.Silent, s.Certified+s.DueSoon+s.Resumable),
			pick("姓名已作脱敏处理", "names are masked"),
		},
		Columns: []report.Column{
			{Name: pick("区划代码", "region"), Width: 14},
			{Name: pick("个人编号", "social no"), Width: 20},
			{Name: pick("姓名", "name"), Width: 10},
			{Name: pick("状态", "status"), Width: 22},
			{Name: pick("应于此日前认证", "due on"), Width: 16},
			{Name: pick("上次认证", "last on"), Width: 12},
			{Name: pick("认证方式", "way"), Width: 14},
			{Name: pick("月待遇", "a month"), Width: 12},
		},
		Foot: foot, Signatures: nil, Language: lang,
	}
}
