package feedback_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"twoline/gateway/calendar"
	"twoline/gateway/feedback"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/report"
)

// Whatever the counts are, every village, township and the total are due what is paid,
// in flight and unpaid together, and the parts sum to the whole.
func TestWhatIsDueIsPaidOrHasAReason(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		standings := []feedback.Standing{feedback.Paid, feedback.InFlight, "RETRY_FUNDS", "not_sent", "court"}
		var counts []feedback.Count
		var members int
		var amount money.Amount
		paid := map[party.Region]int{}
		for _, region := range []party.Region{610304101201, 610304101202, 610304102201} {
			for _, s := range standings {
				n := rapid.IntRange(0, 5).Draw(t, "members")
				if n == 0 {
					continue
				}
				c := feedback.Count{Region: region, Name: "v", Standing: s, Members: n, Amount: money.Amount(100 * n)}
				counts = append(counts, c)
				members, amount = members+n, amount+c.Amount
				if s == feedback.Paid {
					paid[region] += n
				}
			}
		}
		l := feedback.Group(feedback.Subject{Scheme: "rural", Year: 2011, Month: calendar.Month{}}, counts, nil)
		whole := func(line feedback.Line) {
			sum := line.Paid + line.InFlight
			for _, r := range line.Reasons() {
				sum += line.Unpaid[r]
			}
			if sum != line.Due || line.NotPaid() != line.Due-line.Paid {
				t.Errorf("%v: %d of %d have a standing", line.Region, sum, line.Due)
			}
		}
		due := 0
		for _, v := range l.Villages {
			whole(v)
			due += v.Due
			if v.Paid != paid[v.Region] {
				t.Errorf("%v: %d paid, want %d", v.Region, v.Paid, paid[v.Region])
			}
		}
		byTownship := 0
		for _, line := range l.Townships {
			whole(line)
			byTownship += line.Due
		}
		whole(l.Total)
		if due != members || byTownship != members || l.Total.Due != members || l.Total.Amount != amount {
			t.Errorf("%d members: villages %d, townships %d, total %d of %s", members, due, byTownship, l.Total.Due,
				l.Total.Amount)
		}
	})
}

// Chencang renewed 154 750; of 157 562 payers of the year that is 98.2 %, and of the
// year before another rate: the denominator decides, so it stands beside it.
func TestRateHasItsDenominator(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		last, renewed int
		want          string
	}{
		{157_562, 154_750, "98.2%"},
		{156_948, 154_750, "98.6%"},
		{235_056, 211_550, "90.0%"},
		{1, 1, "100.0%"},
		{3, 0, "0.0%"},
		{2000, 1, "0.1%"},
		{2001, 1, "0.0%"},
	} {
		r := feedback.Renewal{LastYear: c.last, Renewed: c.renewed}
		if got, ok := r.Rate(); got != c.want || !ok {
			t.Errorf("%d of %d: %s, want %s", c.renewed, c.last, got, c.want)
		}
	}
	if got, ok := (feedback.Renewal{ThisYear: 5}).Rate(); ok {
		t.Errorf("where nobody paid last year: %s", got)
	}
}

func TestEveryReasonIsPlainInBothLanguages(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range []feedback.Standing{
		"RETRY_FUNDS", "FIX_ACCOUNT", "FIX_MANDATE", "BLOCKED", "RETRY_TECHNICAL", "DUPLICATE", "UNKNOWN", "RETURNED",
		"NOT_ACTIVATED", "not_sent", "in_flight", "deceased", "no_account", "certification_overdue", "manual", "no such",
	} {
		for _, lang := range []report.Language{report.Chinese, report.English} {
			text := feedback.Reason(s, lang)
			if text == "" || strings.Contains(text, string(s)) || seen[text] {
				t.Errorf("%s in %s is %q", s, lang, text)
			}
			seen[text] = true
		}
	}
}

const funingTable = "阜宁县2019—2021年扩面任务表"

// funing is the published table: total, 2019, 2020, 2021 of each township.
func funing() []feedback.Target {
	var rows []feedback.Target
	for i, r := range [][4]int{
		{27589, 8746, 14159, 4684},
		{6783, 2150, 3480, 1153},
		{8268, 2621, 4241, 1406},
		{6492, 2058, 3335, 1099},
		{7755, 2458, 3979, 1318},
		{9325, 2956, 4790, 1579},
		{7292, 2311, 3741, 1240},
		{14281, 4527, 7326, 2428},
		{2547, 807, 1307, 433},
		{9170, 2907, 4704, 1559},
		{5764, 1827, 2957, 980},
		{7968, 2526, 4088, 1354},
		{7338, 2326, 3765, 1247},
		{7666, 2430, 3933, 1303},
		{7300, 2314, 3745, 1241},
		{9919, 3144, 5089, 1686},
		{6678, 2117, 3426, 1135},
		{3574, 1133, 1833, 608},
		{3571, 1132, 1832, 607},
	} {
		for column, year := range []int{feedback.AllYears, 2019, 2020, 2021} {
			rows = append(rows, feedback.Target{
				Region: party.Region(320923100000 + 1000*i), Name: "镇", Year: year, Heads: r[column], Document: funingTable,
			})
		}
	}
	for year, heads := range map[int]int{2019: 50490, 2020: 81730, 2021: 27060, feedback.AllYears: 159280} {
		rows = append(rows, feedback.Target{Region: 320923000000, Name: "阜宁县", Year: year, Heads: heads, Document: funingTable})
	}
	return rows
}

// Funing's table adds up by row, year and in total; the 21 760 of its text does not, and
// is told beside the 27 060 of the table.
func TestFuningsTargets(t *testing.T) {
	t.Parallel()
	sums := feedback.Sum(funing())
	if len(sums.Findings) != 0 {
		t.Errorf("the table contradicts itself: %v", sums.Findings)
	}
	want := []feedback.YearSum{
		{Year: 0, Document: funingTable, Regions: 19, Heads: 159280},
		{Year: 2019, Document: funingTable, Regions: 19, Heads: 50490},
		{Year: 2020, Document: funingTable, Regions: 19, Heads: 81730},
		{Year: 2021, Document: funingTable, Regions: 19, Heads: 27060},
	}
	if diff := cmp.Diff(want, sums.Years); diff != "" {
		t.Errorf("the sums (-want +got): %s", diff)
	}
	text := feedback.Target{Region: 320923000000, Name: "阜宁县", Year: 2021, Heads: 21760, Document: "正文"}
	got := feedback.Sum(append(funing(), text)).Findings
	if diff := cmp.Diff([]feedback.Finding{{Target: text, Sum: 27060, Of: funingTable, Years: false}}, got); diff != "" {
		t.Errorf("the findings (-want +got): %s", diff)
	}
	if s := got[0].String(); !strings.Contains(s, "21760") || !strings.Contains(s, "27060") {
		t.Errorf("the finding says %q", s)
	}
	rows := funing()
	rows[1].Heads++
	if got := feedback.Sum(rows).Findings; len(got) != 2 || !got[0].Years || got[0].Sum != 27590 || got[1].Sum != 50491 {
		t.Errorf("a township's year that is one head too many: %v", got)
	}
}
