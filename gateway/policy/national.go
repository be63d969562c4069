package policy

import (
	"fmt"

	"twoline/gateway/calendar"
)

// National returns the rows that the nation decided and the gateway ships. Who
// collects, whether the income account must be empty, and the cut-off are an
// area's own decision and are not among them. The pay day is one too, but no run
// can be planned without it, and nobody decrees when background work, a break or a bank's
// answer is late, or what of a break may be written off, which is nothing: those rows
// are the gateway's own and their documents say so; an area's row comes before
// them.
//
//nolint:gosmopolitan // the documents have Chinese names
func National() []Row {
	return []Row{
		national(ContributionTiers, "2009-09-01", "100 200 300 400 500", "国发〔2009〕32号"),
		national(ContributionTiers, "2014-07-01", "100 200 300 400 500 600 700 800 900 1000 1500 2000",
			"国发〔2014〕8号"),
		national(ArrivalSuspenseDays, "2009-09-01", "3", "新型农村社会养老保险经办规程 第十三条"),
		national(PayDay, "2009-09-01", "25", "网关自带：陈仓区新农保每月25日前发放到位"),
		national(WorkAlarmMinutes, "2009-09-01", "15", "网关自带：后台任务超过15分钟未完成即告警"),
		national(BreakDueDays, "2009-09-01", defaultDues, "网关自带：未达账项10个工作日，重复或不明款项3个工作日，1万元以上1个工作日"),
		national(IncidentOrdinary, "2009-09-01", "10000", "社会保险基金要情报告制度（人社部发〔2020〕21号）"),
		national(IncidentMajor, "2009-09-01", "500000", "社会保险基金要情报告制度（人社部发〔2020〕21号）"),
		national(WriteOffLimit, "2009-09-01", "0", "网关自带：对账差异不得核销"),
		national(BreakAgeDays, "2009-09-01", "30", "网关自带：月末结账时对账差异账龄不得超过30天"),
		national(ClaimDays, "2009-09-01", "10", "网关自带：银行应在10个工作日内答复"),
		national(HandoverDays, "2009-09-01", "3", "城乡居民基本养老保险经办规程（2014年）"),
	}
}

// national panics on text that does not parse: the rows are part of the program.
func national(rule Rule, from, text, document string) Row {
	v, err := ParseText(rule, text)
	if err != nil {
		panic(fmt.Sprintf("national rule %s from %s: %v", rule, from, err))
	}
	return Row{Area: nation, Rule: rule, From: calendar.MustDay(from), Value: v, Document: document}
}
