//nolint:gosmopolitan // what villagers and officers read is Chinese
package main

import (
	"fmt"
	"slices"
	"strings"

	"twoline/gateway/entitlement"
)

// calculateWords are the report's texts in one language.
type calculateWords struct {
	title, member                                      string
	account, individual, collective, subsidy, interest string
	balance, none, pension, base, fromAccount, total   string
	because, rule                                      string
	extras                                             map[string]string
	reasons                                            map[entitlement.Reason]string
	// values are the words of rules that a sum carries.
	values *strings.Replacer
}

func calculateWordsOf(lang string) calculateWords {
	if lang == "en" {
		return calculateEnglish()
	}
	return calculateChinese()
}

// withWords are the reasons whose sums carry words of a rule's value.
func withWords() []entitlement.Reason {
	return []entitlement.Reason{
		entitlement.AdditionOfLevel, entitlement.InterestRounded, entitlement.AccountRounded,
	}
}

// reason is a sentence with its sum.
func (t calculateWords) reason(b entitlement.Because) string {
	sum := b.Sum
	// Other sums are figures only.
	if slices.Contains(withWords(), b.Reason) {
		sum = t.values.Replace(sum)
	}
	if sum == "" {
		return t.reasons[b.Reason]
	}
	return fmt.Sprintf("%s: %s", t.reasons[b.Reason], sum)
}

func calculateChinese() calculateWords {
	return calculateWords{
		title: "城乡居民基本养老保险 个人账户与养老金测算(%s)", member: "出生日期 %s · 累计缴费 %d 年",
		account: "个人账户(截至 %s 月末,领取前;元)", individual: "个人缴费", collective: "集体补助", subsidy: "政府补贴", interest: "利息",
		balance: "合计", none: "养老金:%s 不领取,原因见下", pension: "养老金(%s 起按月领取;%s 标准,元/月)", base: "基础养老金",
		fromAccount: "个人账户养老金", total: "合计", because: "依据", rule: "〔%s,%s 起执行〕",
		extras: map[string]string{"years": "缴费年限加发", "age": "高龄加发"},
		reasons: map[entitlement.Reason]string{
			entitlement.Opened: "期初余额(含利息)", entitlement.InterestOfYear: "年度利息",
			entitlement.InterestOfYearProvisional: "年度利息(暂按预定利率)", entitlement.InterestAtDemand: "当年缴费按活期利率计息",
			entitlement.InterestRounded: "利息取整", entitlement.BalanceOfParts: "个人账户余额",
			entitlement.AgeReached: "已达到领取年龄", entitlement.AgeAhead: "尚未达到领取年龄",
			entitlement.OfAgeAtStart:   "制度启动时已达到领取年龄,不用缴费",
			entitlement.FewerYearsToGo: "制度启动时距领取年龄的年数不足规定年限,逐年缴费即可,累计不超过规定年限",
			entitlement.YearsReached:   "缴费年限已满", entitlement.YearsShort: "缴费年限不足",
			entitlement.YearsPaidOn: "最后一年于此日缴清", entitlement.MonthAfter: "条件具备的次月开始领取",
			entitlement.CouldBegin: "缴足或补缴后,最早可开始领取", entitlement.DrawsOther: "正在领取其他基本养老金",
			entitlement.ChildOwes: "应缴费的子女未缴费,基础养老金停发", entitlement.MinimumOfMonth: "全国基础养老金最低标准",
			entitlement.AdditionOfLevel: "地方增加的基础养老金", entitlement.ForYears: "缴费年限加发", entitlement.ForAge: "高龄加发",
			entitlement.AccountDivided: "个人账户余额 ÷ 计发月数,终身发放", entitlement.AccountRounded: "个人账户养老金取整",
			entitlement.Added: "每月合计", takenForGranted: "默认本人未领取其他基本养老金,应缴费的子女均已缴费",
		},
		values: strings.NewReplacer("half_up:", "四舍五入到 ", "up:", "进位到 ", "down:", "舍去到 ", "province:", "省级", "city:", "市级",
			"county:", "县级"),
	}
}

func calculateEnglish() calculateWords {
	return calculateWords{
		title: "Resident pension: personal account and pension as of %s", member: "born %s, contributions of %d years",
		account: "Personal account at the end of %s, before drawings (yuan)", individual: "individual", collective: "collective aid",
		subsidy: "government subsidy", interest: "interest", balance: "balance", none: "No pension in %s: the reasons are below",
		pension: "Pension, monthly from %s on (yuan, as of %s)", base: "base pension", fromAccount: "account pension", total: "total",
		because: "Because", rule: "[%s, from %s on]", extras: map[string]string{"years": "extra for years", "age": "extra for age"},
		reasons: map[entitlement.Reason]string{
			entitlement.Opened: "opening balance, interest included", entitlement.InterestOfYear: "interest of the year",
			entitlement.InterestOfYearProvisional: "interest of the year at the provisional rate",
			entitlement.InterestAtDemand:          "the current year's money earns the demand rate",
			entitlement.InterestRounded:           "interest is rounded", entitlement.BalanceOfParts: "balance of the account",
			entitlement.AgeReached: "the age is reached", entitlement.AgeAhead: "the age lies ahead",
			entitlement.OfAgeAtStart: "of age when the scheme began: no contribution is owed",
			entitlement.FewerYearsToGo: "fewer years to go when the scheme began than a pension takes: one contribution for each, " +
				"at most the required years in all",
			entitlement.YearsReached: "the years are complete", entitlement.YearsShort: "years are missing",
			entitlement.YearsPaidOn: "the last required year was paid on", entitlement.MonthAfter: "it starts the month after",
			entitlement.CouldBegin:     "with what is missing paid or made up it could start in",
			entitlement.DrawsOther:     "another basic pension is drawn",
			entitlement.ChildOwes:      "a child who must pay does not: the base pension stops",
			entitlement.MinimumOfMonth: "national minimum base pension", entitlement.AdditionOfLevel: "local addition to the base pension",
			entitlement.ForYears: "extra for years", entitlement.ForAge: "extra for age",
			entitlement.AccountDivided: "balance ÷ divisor, for life", entitlement.AccountRounded: "account pension is rounded",
			entitlement.Added: "total a month",
			takenForGranted:   "taken for granted: no other basic pension is drawn, and children who must pay do",
		},
		values: strings.NewReplacer("half_up:", "half up to ", "up:", "up to ", "down:", "down to "),
	}
}
