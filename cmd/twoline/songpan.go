package main

import (
	"fmt"

	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// songpanPublishedIncome is the county's published total income of 2010. It
// leaves the interest of 19 000.00 out.
const songpanPublishedIncome = money.Amount(4_311_500_00)

// songpanBook turns the published lines into vouchers. The text says that
// contributions and subsidies lie in the fiscal special account; what the
// subsidies were for it does not say, so no split is invented.
type songpanBook struct {
	area                party.Area
	fiscal, expenditure int64
}

func newSongpan(area party.Area, fiscal, expenditure int64) songpanBook {
	return songpanBook{area: area, fiscal: fiscal, expenditure: expenditure}
}

func (b songpanBook) entries() []ledger.Entry {
	return []ledger.Entry{
		b.receipt("centre", ledger.SubsidyReceipt, ledger.SubsidyOther, 1_568_000_00, "subsidy of the centre"),
		b.receipt("province", ledger.SubsidyReceipt, ledger.SubsidyOther, 540_000_00, "subsidy of the province"),
		b.receipt("prefecture", ledger.SubsidyReceipt, ledger.SubsidyOther, 216_000_00, "subsidy of the prefecture"),
		b.receipt("county", ledger.SubsidyReceipt, ledger.SubsidyOther, 131_900_00, "subsidy of the county"),
		b.receipt("contributions", ledger.ContributionReceived, ledger.Contribution, 1_855_600_00, "individual contributions"),
		b.receipt("interest", ledger.InterestReceived, ledger.InterestIncome, 19_000_00, "interest"),
		b.entry("allocation", ledger.Allocation, 2_005_000_00, "allocation for base pensions",
			[2]ledger.Role{ledger.Expenditure, ledger.FiscalSpecial}),
		b.entry("pensions", ledger.BenefitPaid, 2_005_000_00, "base pensions of 6 070 people",
			[2]ledger.Role{ledger.BenefitBase, ledger.Expenditure}),
	}
}

func (b songpanBook) receipt(cause string, kind ledger.Kind, from ledger.Role, amount money.Amount, text string) ledger.Entry {
	return b.entry(cause, kind, amount, text, [2]ledger.Role{ledger.FiscalSpecial, from})
}

// entry debits the first role and credits the second.
func (b songpanBook) entry(
	cause string, kind ledger.Kind, amount money.Amount, text string, roles [2]ledger.Role,
) ledger.Entry {
	day := calendar.MustDay("2010-12-31")
	e := ledger.Entry{
		Area: b.area, Scheme: ledger.Rural, Kind: kind, Cause: "published:2010:" + cause, Reverses: 0,
		AccountedOn: day, EffectiveOn: day, Text: fmt.Sprintf("Songpan 2010, published: %s", text), Postings: nil,
	}
	for i, side := range []ledger.Side{ledger.Debit, ledger.Credit} {
		p := ledger.Posting{
			Side: side, Role: roles[i], Nature: ledger.Direct, Red: false, Amount: amount, FundAccount: 0, Batch: 0,
			Cause: 0, Member: 0, Year: 0,
		}
		p.FundAccount = map[ledger.Role]int64{ledger.FiscalSpecial: b.fiscal, ledger.Expenditure: b.expenditure}[roles[i]] //nolint:exhaustive // the other roles are no bank accounts
		e.Postings = append(e.Postings, p)
	}
	return e
}
