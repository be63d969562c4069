package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"twoline/gateway/approval"
)

type shownFeedbackLine struct {
	Region, Name, Amount         string
	Due, Paid                    int
	NotPaid                      int `json:"not_paid"`
	Unpaid                       map[string]int
	PayersLastYear, Renewed, New int
	Rate                         *string
}

type shownFeedback struct {
	Villages, Townships []shownFeedbackLine
	Total               shownFeedbackLine
	Reasons             map[string]string
}

// openFed is an area of two villages in two townships: of six members that chose an
// amount, SB0001 and SB0003 paid, SB0001 and SB0002 had paid the year before.
func openFed(t *testing.T) *desk {
	t.Helper()
	d := openDesk(t)
	d.imports("regions", "region,name\n610304200000,阳平镇\n610304200001,联合村\n", 2)
	rows := ""
	for n := 4; n <= 6; n++ {
		rows += strings.Replace(memberRow(n), "610304100001", "610304200001", 1)
	}
	d.imports("members", membersHead+rows, 3)
	d.data.Exec(t, `insert into tier_choice select area, id, 2018, 10000, '2018-01-01' from member where social_no like 'SB000%'`)
	for i, p := range []struct {
		no, day string
		year    int
	}{{"SB0001", "2017-05-02", 2017}, {"SB0002", "2017-05-02", 2017}, {"SB0001", "2018-05-02", 2018}, {"SB0003", "2018-05-04", 2018}} {
		d.data.Exec(t, `insert into posting (area, entry_id, line, scheme, kind, effective_on, accounted_on, side, role, nature, red,
				reversal, amount, cause_id, member_id, year)
			select area, $1, 1, 'rural', 'contribution', $2::text::date, $2::text::date, 'credit', 'contribution_individual', 'item',
				false, false, 10000, $1, id, $3 from member where social_no = $4`, 900_000+i, p.day, p.year, p.no)
	}
	return d
}

// holds wants a table as CSV to hold texts, and the same as a workbook and as pages.
func (d *desk) holds(t *testing.T, path string, texts ...string) {
	t.Helper()
	paper := d.expect(request{method: "GET", path: path, token: d.checker}, 200, "").body
	for _, text := range texts {
		if !strings.Contains(paper, text) {
			t.Errorf("%s does not hold %q: %s", path, text, paper)
		}
	}
	for _, format := range []string{"xlsx", "pdf"} {
		other := strings.Replace(path, "format=csv", "format="+format, 1)
		if f := d.expect(request{method: "GET", path: other, token: d.checker}, 200, ""); len(f.body) < 500 {
			t.Errorf("%s has %d bytes", other, len(f.body))
		}
	}
}

func TestFeedbackGoesBackDown(t *testing.T) {
	t.Parallel()
	d := openFed(t)
	const of = "?scheme=rural&year=2018"
	var back shownFeedback
	d.get(t, d.checker, "/v1/feedback"+of+"&lang=en", &back)
	if len(back.Villages) != 2 || len(back.Townships) != 2 || back.Total.Due != 6 || back.Total.Paid != 2 ||
		back.Total.NotPaid != 4 || back.Total.Amount != "200.00" || back.Reasons["not_sent"] != "not sent to a bank yet" {
		t.Errorf("the list is %+v", back)
	}
	for i, want := range []string{"610304100000 虢镇 3 2", "610304200000 阳平镇 3 0"} {
		if l := back.Townships[i]; fmt.Sprint(l.Region, " ", l.Name, " ", l.Due, " ", l.Paid) != want {
			t.Errorf("township %+v, want %s", l, want)
		}
	}
	back = shownFeedback{}
	d.get(t, d.checker, "/v1/feedback"+of+"&region=610304200000", &back)
	if len(back.Villages) != 1 || back.Total.Due != 3 || back.Total.Name != "阳平镇" {
		t.Errorf("a township's list is %+v", back)
	}
	d.expect(request{method: "GET", path: "/v1/feedback?scheme=rural", token: d.checker}, 400, "feedback_subject")
	d.expect(request{method: "GET", path: "/v1/feedback" + of + "&month=2018-05", token: d.checker}, 400, "feedback_subject")
	d.expect(request{method: "GET", path: "/v1/feedback" + of + "&region=320923100000", token: d.checker}, 403, "duty_conflict")
	d.get(t, d.checker, "/v1/feedback?scheme=urban&year=2018", &back)
	paper := d.expect(request{method: "GET", path: "/v1/feedback" + of + "&format=csv", token: d.checker}, 200, "")
	if !strings.Contains(paper.body, "虢镇 小计") || !strings.Contains(paper.body, "尚未扣款 1") {
		t.Errorf("the paper is %s", paper.body)
	}

	var progress struct {
		Days []struct {
			Day         string
			PayersSoFar int    `json:"payers_so_far"`
			SoFar       string `json:"amount_so_far"`
		}
	}
	d.get(t, d.checker, "/v1/feedback/progress"+of, &progress)
	if got := fmt.Sprint(progress.Days); got != "[{2018-05-02 1 100.00} {2018-05-04 2 200.00}]" {
		t.Errorf("the progress is %s", got)
	}

	var renewal struct {
		Total struct {
			LastYear int `json:"payers_last_year"`
			Renewed  int
			New      int `json:"new_payers"`
			Rate     *string
		}
	}
	d.holds(t, "/v1/feedback/progress"+of+"&format=csv", "缴费进度表 2018", "2018-05-02,1,100.00,1,100.00",
		"2018-05-04,1,100.00,2,200.00")
	d.holds(t, "/v1/feedback/progress?scheme=urban&year=2018&format=csv&lang=en", "contributions by day 2018", "nothing came yet")
	d.holds(t, "/v1/feedback/renewal"+of+"&format=csv", "陈仓区 2018年度续缴率统计表", "上年缴费人员",
		"610304100001,东关村,2,1,50.0%,1,2\r\n610304100000,虢镇 小计,2,1,50.0%,1,2\r\n",
		"610304000000,合计,2,1,50.0%,1,2")
	d.holds(t, "/v1/feedback/renewal?scheme=rural&year=2017&format=csv", "610304000000,合计,0,0,,2,2")
	d.get(t, d.checker, "/v1/feedback/renewal"+of, &renewal)
	if r := renewal.Total; r.LastYear != 2 || r.Renewed != 1 || r.New != 1 || r.Rate == nil || *r.Rate != "50.0%" {
		t.Errorf("the renewal is %+v", r)
	}
	renewal.Total.Rate = nil
	d.get(t, d.checker, "/v1/feedback/renewal?scheme=rural&year=2017", &renewal)
	if r := renewal.Total; r.LastYear != 0 || r.Rate != nil {
		t.Errorf("where nobody paid the year before: %+v", r)
	}
}

// The list of names is paged, in the order of villages, and holds no name in full.
func TestNamesGoBackDownMasked(t *testing.T) {
	t.Parallel()
	d := openFed(t)
	const path = "/v1/feedback/names?scheme=rural&year=2018&limit=3"
	type page struct {
		Items      []struct{ Village, Name, Standing, Reason string }
		NextCursor string `json:"next_cursor"`
	}
	var first, second page
	d.get(t, d.checker, path, &first)
	d.get(t, d.checker, path+"&cursor="+first.NextCursor, &second)
	if len(first.Items) != 3 || len(second.Items) != 1 || second.NextCursor != "" || first.Items[0].Village != "东关村" ||
		second.Items[0].Village != "联合村" || first.Items[0].Name != "王**" || first.Items[0].Reason != "尚未扣款" {
		t.Errorf("the pages are %+v %+v", first, second)
	}
	var all page
	d.get(t, d.checker, "/v1/feedback/names?scheme=rural&year=2018&all=true", &all)
	if len(all.Items) != 6 {
		t.Errorf("all are %d", len(all.Items))
	}
	paper := d.expect(request{method: "GET", path: path + "&format=csv", token: d.checker}, 200, "").body
	if strings.Count(paper, "王**") != 4 || strings.Contains(paper, "王2") || strings.Contains(paper, personID(2)) {
		t.Errorf("the paper is %s", paper)
	}
	for _, format := range []string{"xlsx", "pdf"} {
		if f := d.expect(request{method: "GET", path: path + "&format=" + format, token: d.checker}, 200, ""); len(f.body) < 500 {
			t.Errorf("%s has %d bytes", format, len(f.body))
		}
	}
	// A township's officer sees the township's own.
	township := d.session("yangping", approval.Township, approval.Viewer)
	d.data.Exec(t, `update organisation set region = 610304200000 where kind = 'township'`)
	own := page{}
	d.get(t, township, "/v1/feedback/names?scheme=rural&year=2018", &own)
	if len(own.Items) != 3 || own.Items[0].Village != "联合村" {
		t.Errorf("the township's own are %+v", own)
	}
	d.expect(request{method: "GET", path: "/v1/feedback?scheme=rural&year=2018&region=610304100000", token: township}, 403, "duty_conflict")
}

// Targets are imported as rows; a stated total that differs is told and refused nothing.
func TestTargetsAreSummed(t *testing.T) {
	t.Parallel()
	d := openFed(t)
	const head = "region,year,heads,document\n"
	d.imports("targets", head+"610304100000,2018,50,plan\n610304200000,2018,30,plan\n610304000000,2018,80,plan\n610304100000,,50,plan\n"+
		"610304000000,2018,81,speech\n", 5)
	var got struct {
		Sums []struct {
			Document    string
			Year, Heads int
		}
		Findings []struct{ Text string }
	}
	d.get(t, d.checker, "/v1/targets?lang=en", &got)
	want := "[{speech states 81 for 陈仓区 in 2018; the regions below sum to 80 by plan}]"
	if fmt.Sprint(got.Findings) != want || len(got.Sums) != 3 || got.Sums[1].Heads != 80 {
		t.Errorf("targets are %+v", got)
	}
	const differs = "《speech》载明陈仓区（2018）为81人，而按《plan》所辖区域相加为80人"
	if d.get(t, d.checker, "/v1/targets", &got); got.Findings[0].Text != differs {
		t.Errorf("in Chinese it differs by %q", got.Findings[0].Text)
	}
	d.holds(t, "/v1/targets?format=csv", "610304100000,虢镇,各年合计,50,plan", "610304200000,阳平镇,2018,30,plan",
		"《plan》2018：2个区域相加80人", "不一致："+differs)
	d.holds(t, "/v1/targets?format=csv&lang=en", "610304100000,虢镇,all years,50,plan",
		"differs: speech states 81 for 陈仓区 in 2018; the regions below sum to 80 by plan")
	res := d.send(d.csv("targets", "", head+"610304100000,2018,50,plan\n610304100000,2018,51,plan\n610304100009,2018,1,plan\n"+
		"610304100000,2008,1,plan\n610304100000,2018,-1,plan\n"), 200, "")
	if !strings.Contains(res.body, `"repeated":1,"refused":4`) {
		t.Errorf("the refusals are %s", res.body)
	}
}
