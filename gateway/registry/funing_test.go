package registry_test

import (
	"fmt"
	"strings"
	"testing"

	"twoline/gateway/registry"
)

// Funing's published targets are imported whole with their own sums; the other figure that its text
// gives for a year differs under one document, and stands beside it under its own.
func TestFuningsTargetsAreImported(t *testing.T) {
	t.Parallel()
	const (
		head  = "region,year,heads,document\n"
		table = "阜宁县2019—2021年扩面任务表"
	)
	w := newWorld(t)
	w.must(registry.KindAreas, "area,name\n610304,阜宁县\n")
	regions := "region,name\n610304000000,阜宁县\n"
	var rows strings.Builder
	for i, r := range strings.Split(strings.TrimSpace(funing), "\n") {
		f := strings.Fields(r)
		region := fmt.Sprintf("610304%03d000", 100+i)
		regions += region + "," + f[0] + "\n"
		for column, year := range []string{"", "2019", "2020", "2021"} {
			fmt.Fprintf(&rows, "%s,%s,%s,%s\n", region, year, f[column+1], table)
		}
	}
	w.must(registry.KindRegions, regions)
	for year, heads := range map[string]string{"": "159280", "2019": "50490", "2020": "81730", "2021": "27060"} {
		fmt.Fprintf(&rows, "610304000000,%s,%s,%s\n", year, heads, table)
	}
	got, err := w.try(registry.KindTargets, head+rows.String(), registry.Options{})
	if err != nil || got.Imported != 20*4 || got.Refused != 0 {
		t.Fatalf("imported %+v, %v; want 80 rows", got, err)
	}
	// The rows of the table sum to its totals, by year and in all.
	if n := w.count(`select count(*) from (
			select year, sum(heads) filter (where region <> 610304000000) = max(heads) filter (where region = 610304000000) as whole
			from enrolment_target group by year) s where whole`); n != 4 {
		t.Errorf("%d of 4 columns sum to their totals", n)
	}
	got, err = w.try(registry.KindTargets, head+"610304000000,2021,21760,"+table+"\n610304000000,2021,21760,正文\n",
		registry.Options{})
	if err != nil || got.Imported != 1 || got.Refused != 1 || got.Lines[0].Code != "differs" {
		t.Errorf("the figure of the text: %+v, %v", got, err)
	}
}

// funing are the townships with their totals and the years 2019, 2020 and 2021.
const funing = `
阜城街道 27589 8746 14159 4684
新沟镇 6783 2150 3480 1153
吴滩街道 8268 2621 4241 1406
花园街道 6492 2058 3335 1099
郭墅镇 7755 2458 3979 1318
三灶镇 9325 2956 4790 1579
东沟镇 7292 2311 3741 1240
益林镇 14281 4527 7326 2428
金沙湖街道 2547 807 1307 433
沟墩镇 9170 2907 4704 1559
陈良镇 5764 1827 2957 980
陈集镇 7968 2526 4088 1354
羊寨镇 7338 2326 3765 1247
芦蒲镇 7666 2430 3933 1303
板湖镇 7300 2314 3745 1241
古河镇 9919 3144 5089 1686
罗桥镇 6678 2117 3426 1135
硕集社区 3574 1133 1833 608
公兴社区 3571 1132 1832 607
`
