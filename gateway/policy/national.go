package policy

import (
	"fmt"
	"slices"

	"twoline/gateway/calendar"
)

// National returns the rows that the nation decided and the gateway ships. Who
// collects, whether the income account must be empty, and the cut-off are an
// area's own decision and are not among them. The pay day is one too, but no run
// can be planned without it, and nobody decrees when background work, a break or a bank's
// answer is late, or what of a break may be written off, which is nothing: those rows
// are the gateway's own and their documents say so; an area's row comes before
// them. So it is with how interest is reckoned, but never with its rate, and with what a
// pay run is screened for: no screen is left out because nobody wrote its rule.
func National() []Row {
	return slices.Concat(nationalMoney(), nationalPension(), nationalAccount(), nationalLife())
}

//nolint:gosmopolitan // the documents have Chinese names
func nationalMoney() []Row {
	return []Row{
		national(ContributionTiers, "2009-09-01", "100 200 300 400 500", "国发〔2009〕32号"),
		national(ContributionTiers, "2014-07-01", "100 200 300 400 500 600 700 800 900 1000 1500 2000",
			"国发〔2014〕8号"),
		national(AidLimited, "2009-09-01", "false", "国发〔2009〕32号：集体补助、社会资助未设上限"),
		national(AidLimited, "2014-02-21", "true", "国发〔2014〕8号第四条：补助、资助金额不超过当地最高缴费档次（凭记忆，未核对原文）"),
		national(GovernmentPaidGroups, "2009-09-01", "severely_disabled low_income",
			"国发〔2009〕32号：重度残疾人等缴费困难群体；网关自带：含低收入，统筹区可另定"),
		national(GovernmentPaidGroups, "2017-08-01", "severely_disabled low_income destitute registered_poor",
			"关于切实做好社会保险扶贫工作的意见（人社部发〔2017〕59号）；网关自带：含低收入，统筹区可另定"),
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
		national(DraftDays, "2009-09-01", "5", "网关自带：拨付银行前5个工作日应编制发放批次"),
		national(AccountChangeHoldDays, "2009-09-01", "0", "网关自带：更换账户后不设等待期，统筹区可另定"),
		national(AmountReviewThreshold, "2009-09-01", "10000", "网关自带：单笔超过1万元的先复核，参照一县做法"),
		national(SharedAccountHolds, "2009-09-01", "false", "网关自带：多人共用账户只告警，统筹区规定暂缓的才暂缓"),
		national(ReturnBooking, "2009-09-01", string(ReturnToSuspense), "网关自带：退票在重发前记入暂收款"),
		national(SubsidyWarningDays, "2009-09-01", "5", "网关自带：拨付银行前5个工作日起提示基础养老金补助资金缺口"),
	}
}

// nationalPension are who draws a pension from when, and how much at least. Months
// that public sources do not settle are said to be open in the document. That nothing
// is added to the minimum is the nation's decision too: whoever adds, says so.
//
//nolint:gosmopolitan // the documents have Chinese names
func nationalPension() []Row {
	const (
		pilot  = "国发〔2009〕32号"
		merged = "国发〔2014〕8号"
	)
	minimum := func(from, amount, document string) Row { return national(BasePensionMinimum, from, amount, document) }
	return []Row{
		minimum("2009-09-01", "55", pilot),
		minimum("2014-07-01", "70", "关于提高全国城乡居民基本养老保险基础养老金最低标准的通知"),
		minimum("2018-01-01", "88", "关于2018年提高基础养老金最低标准的通知（2018年5月11日公布）"),
		minimum("2020-07-01", "93", "关于2020年提高基础养老金最低标准的通知（执行月份未核实）"),
		minimum("2022-07-01", "98", "关于2022年提高基础养老金最低标准的通知（执行月份未核实）"),
		minimum("2023-07-01", "103", "关于2023年提高基础养老金最低标准的通知（执行月份未核实）"),
		minimum("2024-07-01", "123", "关于2024年提高基础养老金最低标准的通知（执行月份未核实）"),
		minimum("2025-07-01", "143", "关于2025年提高基础养老金最低标准的通知（执行月份未核实）"),
		national(BasePensionAdditions, "2009-09-01", none, pilot+"：地方可提高，由地方规定"),
		national(ExtraForYears, "2009-09-01", none, pilot+"：长期缴费可加发，由地方规定"),
		national(ExtraForAge, "2009-09-01", none, "国家未规定高龄加发，由地方规定"),
		national(BasePensionExtraPayers, "2009-09-01", "county:100%", pilot+"：加发部分由地方人民政府支出；网关自带：由县级支出"),
		national(PensionAge, "2009-09-01", "60", pilot),
		national(PensionYears, "2009-09-01", "15", pilot),
		national(SchemeStart, "2009-09-01", "2009-09-01", pilot+"：试点启动；统筹区另有启动日的，以其为准"),
		national(AccountDivisor, "2009-09-01", "139", pilot),
		national(AccountPensionRounding, "2009-09-01", "half_up:0.01", "网关自带：个人账户养老金四舍五入到分"),
		national(ChildLinked, "2009-09-01", "true", pilot),
		national(ChildLinked, "2014-02-21", "false", merged),
		national(Inheritance, "2009-09-01", string(LessSubsidy), pilot),
		national(Inheritance, "2014-02-21", string(WholeBalance), merged),
		national(BackPayPolicy, "2009-09-01", "certification_overdue:from_stop other_pension:none child_unpaid:none",
			"网关自带：逾期未认证的补发，重复享受的不补发，子女未缴费的不补发"),
	}
}

// nationalAccount are how interest is reckoned and a pension drawn where an area has
// not said otherwise.
//
//nolint:gosmopolitan // the documents have Chinese names
func nationalAccount() []Row {
	return []Row{
		national(InterestMethod, "2009-09-01", string(FullFormula), "网关自带：当年缴费自次月起按记账利率计息"),
		national(InterestRounding, "2009-09-01", "half_up:0.01", "网关自带：年度利息四舍五入到分"),
		national(DrawnMonthEarns, "2009-09-01", "true", "网关自带：支付当月仍计息"),
		national(DrawingOrder, "2009-09-01", proRata, "网关自带：按个人账户各部分比例支付"),
	}
}

// nationalLife are proofs of life and the clocks of members who move. What nobody wrote
// before 2014 is taken as it was written then.
//
//nolint:gosmopolitan // the documents have Chinese names
func nationalLife() []Row {
	const (
		yearly = "国发〔2014〕8号：经办机构应每年对待遇领取人员进行核对"
		moves  = "城乡养老保险制度衔接暂行办法（人社部发〔2014〕17号）：各步骤15个工作日"
	)
	return []Row{
		national(CertificationScreen, "2009-09-01", "true", yearly+"；网关自带：2014年前同，认证另行保管的统筹区可定为不暂缓"),
		national(CertificationCycle, "2009-09-01", calendarYear, yearly+"；网关自带：2014年前同，每个自然年一次"),
		national(CertificationCycle, "2018-01-01", cycleMonths+"12",
			"关于全面取消领取社会保险待遇资格集中认证的通知（2018年，文号未核实）：各自12个月"),
		national(TransferStepDays, "2009-09-01", "15", "网关自带：2014年7月前参照"+moves),
		national(TransferStepDays, "2014-07-01", "15", moves),
		national(PensionerStays, "2009-09-01", "false", "网关自带：2014年7月前没有规定，领取人员可以转移"),
		national(PensionerStays, "2014-07-01", "true", "城乡养老保险制度衔接暂行办法（人社部发〔2014〕17号）：已领取待遇的不再转移"),
	}
}

// national panics on text that does not parse: the rows are part of the program.
func national(rule Rule, from, text, document string) Row {
	v, err := ParseText(rule, text)
	if err != nil {
		panic(fmt.Sprintf("national rule %s from %s: %v", rule, from, err))
	}
	return Row{Area: nation, Rule: rule, From: calendar.MustDay(from), Value: v, Document: document, Round: 0}
}
