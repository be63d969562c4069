//nolint:gosmopolitan // what villagers and officers read is Chinese
package entitlement

import (
	"slices"
	"strings"
)

// Language is that of a sentence.
type Language string

// The languages.
const (
	Chinese Language = "zh"
	English Language = "en"
)

// Words says in a language what stands behind a figure, with its sum: Chinese, unless
// English is asked for.
func (b Because) Words(in Language) string {
	reasons, values := chinese(), chineseValues()
	if in == English {
		reasons, values = english(), englishValues()
	}
	sum := b.Sum
	// Other sums are figures only.
	if slices.Contains([]Reason{AdditionOfLevel, InterestRounded, AccountRounded}, b.Reason) {
		sum = values.Replace(sum)
	}
	if sum == "" {
		return reasons[b.Reason]
	}
	return reasons[b.Reason] + ": " + sum
}

func chinese() map[Reason]string {
	return map[Reason]string{
		Opened: "期初余额(含利息)", InterestOfYear: "年度利息",
		InterestOfYearProvisional: "年度利息(暂按预定利率)", InterestAtDemand: "当年缴费按活期利率计息",
		InterestRounded: "利息取整", BalanceOfParts: "个人账户余额",
		AgeReached: "已达到领取年龄", AgeAhead: "尚未达到领取年龄",
		OfAgeAtStart:   "制度启动时已达到领取年龄,不用缴费",
		FewerYearsToGo: "制度启动时距领取年龄的年数不足规定年限,逐年缴费即可,累计不超过规定年限",
		YearsReached:   "缴费年限已满", YearsShort: "缴费年限不足",
		YearsPaidOn: "最后一年于此日缴清", MonthAfter: "条件具备的次月开始领取",
		CouldBegin: "缴足或补缴后,最早可开始领取", DrawsOther: "正在领取其他基本养老金",
		ChildOwes: "应缴费的子女未缴费,基础养老金停发", MinimumOfMonth: "全国基础养老金最低标准",
		AdditionOfLevel: "地方增加的基础养老金", ForYears: "缴费年限加发", ForAge: "高龄加发",
		AccountDivided: "个人账户余额 ÷ 计发月数,终身发放", AccountRounded: "个人账户养老金取整",
		AccountFixed:      "开始领取时已核定,终身不变,不因后来公布的利率重算",
		SubsidyAfterStart: "领取后到账的应得缴费补贴 ÷ 计发月数,自到账次月起发放",
		Added:             "每月合计",
		AllowanceOfMonth:  "被征地人员养老补助",
	}
}

func english() map[Reason]string {
	return map[Reason]string{
		Opened: "opening balance, interest included", InterestOfYear: "interest of the year",
		InterestOfYearProvisional: "interest of the year at the provisional rate",
		InterestAtDemand:          "the current year's money earns the demand rate",
		InterestRounded:           "interest is rounded", BalanceOfParts: "balance of the account",
		AgeReached: "the age is reached", AgeAhead: "the age lies ahead",
		OfAgeAtStart: "of age when the scheme began: no contribution is owed",
		FewerYearsToGo: "fewer years to go when the scheme began than a pension takes: one contribution for each, " +
			"at most the required years in all",
		YearsReached: "the years are complete", YearsShort: "years are missing",
		YearsPaidOn: "the last required year was paid on", MonthAfter: "it starts the month after",
		CouldBegin:     "with what is missing paid or made up it could start in",
		DrawsOther:     "another basic pension is drawn",
		ChildOwes:      "a child who must pay does not: the base pension stops",
		MinimumOfMonth: "national minimum base pension", AdditionOfLevel: "local addition to the base pension",
		ForYears: "extra for years", ForAge: "extra for age",
		AccountDivided: "balance ÷ divisor, for life", AccountRounded: "account pension is rounded",
		AccountFixed:      "fixed when the pension began, for life: a rate that became known later changes nothing",
		SubsidyAfterStart: "subsidy owed at the start that came after it ÷ divisor, from the month after",
		Added:             "total a month",
		AllowanceOfMonth:  "allowance of land-lost farmers",
	}
}

// The words of rules that a sum carries.

func chineseValues() *strings.Replacer {
	return strings.NewReplacer("half_up:", "四舍五入到 ", "up:", "进位到 ", "down:", "舍去到 ", "province:", "省级", "city:", "市级",
		"county:", "县级")
}

func englishValues() *strings.Replacer {
	return strings.NewReplacer("half_up:", "half up to ", "up:", "up to ", "down:", "down to ")
}
