//nolint:gosmopolitan // what villagers and officers read is Chinese
package main

import "twoline/gateway/entitlement"

// calculateWords are the report's texts in one language.
type calculateWords struct {
	title, member                                      string
	account, individual, collective, subsidy, interest string
	balance, none, pension, base, fromAccount, total   string
	because, rule                                      string
	extras                                             map[string]string
	// lang is that of the reasons; taken says what the file cannot.
	lang  entitlement.Language
	taken string
}

func calculateWordsOf(lang string) calculateWords {
	if lang == "en" {
		return calculateEnglish()
	}
	return calculateChinese()
}

// reason is a sentence with its sum.
func (t calculateWords) reason(b entitlement.Because) string {
	if b.Reason == takenForGranted {
		return t.taken
	}
	return b.Words(t.lang)
}

func calculateChinese() calculateWords {
	return calculateWords{
		title: "城乡居民基本养老保险 个人账户与养老金测算(%s)", member: "出生日期 %s · 累计缴费 %d 年",
		account: "个人账户(截至 %s 月末,领取前;元)", individual: "个人缴费", collective: "集体补助", subsidy: "政府补贴", interest: "利息",
		balance: "合计", none: "养老金:%s 不领取,原因见下", pension: "养老金(%s 起按月领取;%s 标准,元/月)", base: "基础养老金",
		fromAccount: "个人账户养老金", total: "合计", because: "依据", rule: "〔%s,%s 起执行〕",
		extras: map[string]string{"years": "缴费年限加发", "age": "高龄加发"},
		lang:   entitlement.Chinese, taken: "默认本人未领取其他基本养老金,应缴费的子女均已缴费",
	}
}

func calculateEnglish() calculateWords {
	return calculateWords{
		title: "Resident pension: personal account and pension as of %s", member: "born %s, contributions of %d years",
		account: "Personal account at the end of %s, before drawings (yuan)", individual: "individual", collective: "collective aid",
		subsidy: "government subsidy", interest: "interest", balance: "balance", none: "No pension in %s: the reasons are below",
		pension: "Pension, monthly from %s on (yuan, as of %s)", base: "base pension", fromAccount: "account pension", total: "total",
		because: "Because", rule: "[%s, from %s on]", extras: map[string]string{"years": "extra for years", "age": "extra for age"},
		lang: entitlement.English, taken: "taken for granted: no other basic pension is drawn, and children who must pay do",
	}
}
