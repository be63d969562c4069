package lifeevent_test

import (
	"strings"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/lifeevent"
	"twoline/gateway/party"
	"twoline/gateway/report"
)

// pages keeps a letter as lines.
type pages struct{ lines []string }

func (p *pages) Begin(h report.Head) error {
	p.lines = append(append(p.lines, h.Title), h.Notes...)
	p.lines = append(p.lines, "--")
	defer func() { p.lines = append(p.lines, h.Foot...) }()
	return nil
}

func (p *pages) Row(cells ...report.Cell) error {
	words := make([]string, len(cells))
	for i, c := range cells {
		words[i] = c.Value
	}
	p.lines = append(p.lines, strings.Join(words, "|"))
	return nil
}

func (p *pages) End() error { return nil }

// A letter says every month, what was set off and came in, what is left, in which instalments, to which
// account, from whom and when. The instalments that are left sum to what is asked.
func TestALetterSaysEveryFigure(t *testing.T) {
	t.Parallel()
	l := lifeevent.Letter{ //nolint:exhaustruct // what the letter says
		Recovery: lifeevent.Recovery{ //nolint:exhaustruct // the same
			ID: 7, Reason: lifeevent.AfterDeath, Stands: true, SocialNo: "SB0002", Died: calendar.MustDay("2011-05-05"),
			Base: 110_00, Account: 20_00, FromAccount: 30_00, FromFuneral: 25_00, ReceivedBase: 15_00, Asked: 75_00, Planned: true,
			AskedOf: lifeevent.Family,
			Lines: []lifeevent.OverpaidMonth{
				{Item: 1, Month: calendar.MustMonth("2011-06"), Base: 55_00, Account: 10_00, CameBack: false},
				{Item: 2, Month: calendar.MustMonth("2011-07"), Base: 55_00, Account: 10_00, CameBack: false},
				{Item: 3, Month: calendar.MustMonth("2011-08"), Base: 54_00, Account: 9_00, CameBack: true},
			},
			Instalments: []lifeevent.Instalment{
				{DueOn: calendar.MustDay("2011-10-01"), Amount: 10_00},
				{DueOn: calendar.MustDay("2011-11-01"), Amount: 40_00},
				{DueOn: calendar.MustDay("2011-12-01"), Amount: 25_00},
			},
		},
		On: calendar.MustDay("2011-09-08"), Agency: "陈仓区",
		PayTo: []lifeevent.PayTo{{Bank: "psbc", Name: "收入户", AccountNo: "961001010000000011"}},
	}
	l.Name, _, _ = party.Stored("王一", "", "")
	for lang, want := range map[report.Language]string{
		report.English: `Notice: pension paid after a death is to be returned (no. 7)
to the family of 王一 (social-security no. SB0002)
The pension ended with 2011-05, the month of the death on 2011-05-05.
in yuan
--
Please return 60.00 to the agency, in the instalments above.
To be paid to: 收入户, bank psbc, account 961001010000000011
陈仓区, 2011-09-08
|2011-06|55.00|10.00|65.00
|2011-07|55.00|10.00|65.00
given back by the bank since|2011-08|54.00|9.00|63.00
paid for months after the death||110.00|20.00|130.00
taken from the personal account||||30.00
taken from the funeral grant||||25.00
received||||15.00
to be returned||||60.00
instalment 2, due by|2011-11-01|||35.00
instalment 3, due by|2011-12-01|||25.00`,
		report.Chinese: `城乡居民基本养老保险待遇追回通知书(第 7 号)
致:王一 家属(社会保障号 SB0002)
参保人于 2011-05-05 死亡,待遇发放至 2011-05 止。
单位:元
--
请按上列期次将 60.00 元退回经办机构。
缴款账户:收入户,开户行 psbc,账号 961001010000000011
陈仓区  2011-09-08
|2011-06|55.00|10.00|65.00
|2011-07|55.00|10.00|65.00
银行已退回|2011-08|54.00|9.00|63.00
死亡次月起多发待遇合计||110.00|20.00|130.00
个人账户余额抵扣||||30.00
丧葬补助金抵扣||||25.00
已退回||||15.00
应退回||||60.00
第 2 期,截止|2011-11-01|||35.00
第 3 期,截止|2011-12-01|||25.00`,
	} {
		var p pages
		if err := l.WriteLetter(&p, lang); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(p.lines, "\n"); got != want {
			t.Errorf("letter:\n%s\nwant:\n%s", got, want)
		}
	}
}

// Every reason has words of its own in both languages, and the member is asked where nobody died.
func TestALetterSaysWhyItAsks(t *testing.T) {
	t.Parallel()
	for reason, want := range map[lifeevent.RecoveryReason][2]string{
		lifeevent.DrawnTwice:     {"重复领取待遇", "Another basic pension is drawn from 2011-06 on"},
		lifeevent.AfterLeaving:   {"参保人已出国(境)定居或丧失国籍,自 2011-06 起", "nothing was owed from 2011-06 on"},
		lifeevent.DuringSentence: {"服刑期间多发待遇合计", "pensions of months of the sentence"},
	} {
		l := lifeevent.Letter{ //nolint:exhaustruct // what the letter says
			Recovery: lifeevent.Recovery{ //nolint:exhaustruct // the same
				ID: 7, Reason: reason, Stands: true, SocialNo: "SB0002", Since: calendar.MustMonth("2011-06"), Base: 55_00,
				Asked: 55_00, Planned: true, AskedOf: lifeevent.TheMember,
				Lines: []lifeevent.OverpaidMonth{
					{Item: 1, Month: calendar.MustMonth("2011-06"), Base: 55_00, Account: 0, CameBack: false},
				},
			},
			On: calendar.MustDay("2011-09-08"), Agency: "陈仓区",
		}
		l.Name, _, _ = party.Stored("王一", "", "")
		for i, lang := range []report.Language{report.Chinese, report.English} {
			var p pages
			if err := l.WriteLetter(&p, lang); err != nil {
				t.Fatal(err)
			}
			text := strings.Join(p.lines, "\n")
			if !strings.Contains(text, want[i]) || strings.Contains(text, "死亡") || strings.Contains(text, "death") ||
				strings.Contains(text, "家属") || strings.Contains(text, "family") {
				t.Errorf("%s: %s", reason, text)
			}
		}
	}
}

// Every reason has a letter of its own words, and none shows a figure that its words have no place for.
func TestEveryReasonHasItsLetter(t *testing.T) {
	t.Parallel()
	for _, lang := range []report.Language{report.Chinese, report.English} {
		heads := map[string]bool{}
		for _, reason := range lifeevent.RecoveryReasons() {
			l := lifeevent.Letter{ //nolint:exhaustruct // what the letter says
				Recovery: lifeevent.Recovery{ //nolint:exhaustruct // the same
					ID: 7, Reason: reason, Since: calendar.MustMonth("2011-06"), Died: calendar.MustDay("2011-05-05"),
					AskedOf: lifeevent.TheMember,
				},
			}
			var p pages
			if err := l.WriteLetter(&p, lang); err != nil {
				t.Fatal(err)
			}
			text := strings.Join(p.lines, "\n")
			month := "2011-06"
			if reason == lifeevent.AfterDeath {
				month = "2011-05"
			}
			if p.lines[0] == "" || heads[p.lines[0]] || !strings.Contains(text, month) || strings.Contains(text, "%!") {
				t.Errorf("%s in %s: %q", reason, lang, p.lines)
			}
			heads[p.lines[0]] = true
		}
	}
}
