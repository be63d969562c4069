package main

import (
	"bufio"
	"fmt"
	"io"
	"strconv"

	"twoline/adapters/bank/simbank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// people are a county's members, each computed from its number, so that a county
// of any size needs no memory: first the payers, then the pensioners.
type people struct {
	area party.Area
	// payers pay for the year, the last newcomers of them for the first time.
	payers, newcomers, pensioners int
	// tiers are how many payers chose each tier, in rising order of amount.
	tiers []tierCount
	// regions are the villages and communities.
	regions []region
}

type tierCount struct {
	amount money.Amount
	count  int
}

type region struct {
	code string
	name string
}

// chencang is the district of 2011: 157 562 payers, of whom 154 750 renew, whose
// tiers sum to exactly 28 849 000.00, and 44 007 pensioners, in 14 townships with
// 238 villages and 12 communities. Which tier how many chose was not published.
func chencang() people {
	p := people{
		area: 610304, payers: 157_562, newcomers: 2_812, pensioners: 44_007,
		tiers: []tierCount{{100_00, 87_634}, {200_00, 36_928}, {300_00, 15_000}, {400_00, 8_000}, {500_00, 10_000}},
	}
	for i := range 250 {
		kind := "村"
		if i >= 238 {
			kind = "社区"
		}
		p.regions = append(p.regions, region{
			code: fmt.Sprintf("610304%03d%03d", 101+i%14, 201+i/14), name: fmt.Sprintf("第%d%s", i+1, kind),
		})
	}
	return p
}

func (p people) count() int { return p.payers + p.pensioners }

// one is a member of the county by number, from 0.
type one struct {
	idNumber, socialNo, name, account, mandate string
	region                                     string
	tier                                       money.Amount
}

func (p people) at(i int) one {
	surnames := [...]string{"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马", "罗"}
	given := [...]string{"秀英", "建国", "桂兰", "志强", "玉珍", "文军", "淑华", "海龙", "春梅", "德明", "喆", "金凤"}
	// Payers are 16 to 59 in 2011, pensioners 60 and older.
	first, n, days := calendar.MustDay("1952-01-01"), i, 15_000
	if i >= p.payers {
		first, n, days = calendar.MustDay("1925-01-01"), i-p.payers, 9_000
	}
	born := first.AddDays(n % days).Time()
	digits := fmt.Sprintf("%06d%s%03d", int(p.area), born.Format("20060102"), 100+n/days)
	m := one{
		idNumber: digits + string(party.IDCheck(digits)), socialNo: fmt.Sprintf("%06d%010d", int(p.area), i+1),
		name:    surnames[i%len(surnames)] + given[(i/7)%len(given)],
		account: fmt.Sprintf("6010%012d", i+1), mandate: fmt.Sprintf("D%08d", i+1),
		region: p.regions[i%len(p.regions)].code, tier: 0,
	}
	for _, t := range p.tiers {
		if n < t.count {
			m.tier = t.amount
			break
		}
		n -= t.count
	}
	if i >= p.payers {
		m.tier = 0
	}
	return m
}

// bySocialNo finds a member by the number that at gave them.
func (p people) bySocialNo(no string) (one, error) {
	i, err := strconv.Atoi(no[min(6, len(no)):])
	if err != nil || i < 1 || i > p.count() {
		return one{}, fmt.Errorf("nobody has the social number %s", no)
	}
	return p.at(i - 1), nil
}

// isNew says that a payer joins in 2011.
func (p people) isNew(i int) bool { return i < p.payers && i >= p.payers-p.newcomers }

// table writes one import of the county as CSV: of those who were members before
// the year, or of those who join in February.
func (p people) table(kind string, newcomers bool) func(io.Writer) error {
	return func(w io.Writer) error {
		b := bufio.NewWriterSize(w, 1<<16)
		switch kind {
		case "regions":
			fmt.Fprintf(b, "region,name\n%06d000000,陈仓区\n", int(p.area))
			for t := range 14 {
				fmt.Fprintf(b, "%06d%03d000,第%d镇\n", int(p.area), 101+t, t+1)
			}
			for _, r := range p.regions {
				fmt.Fprintf(b, "%s,%s\n", r.code, r.name)
			}
			return b.Flush()
		case "members":
			fmt.Fprintln(b, "id_number,social_no,name,region,scheme,joined_on")
		case "instruments":
			fmt.Fprintln(b, "id_number,bank,kind,account_no,activated,for_payout,opened_on")
		case "mandates":
			fmt.Fprintln(b, "id_number,bank,account_no,number,signed_on")
		case "tiers":
			fmt.Fprintln(b, "id_number,year,amount,chosen_on")
		}
		joined, chosen := "2010-09-01", "2010-12-20"
		if newcomers {
			joined, chosen = "2011-02-01", "2011-02-01"
		}
		for i := range p.count() {
			if p.isNew(i) != newcomers {
				continue
			}
			m := p.at(i)
			payer := i < p.payers
			switch {
			case kind == "members":
				fmt.Fprintf(b, "%s,%s,%s,%s,rural,%s\n", m.idNumber, m.socialNo, m.name, m.region, joined)
			case kind == "instruments":
				fmt.Fprintf(b, "%s,psbc,passbook,%s,true,true,%s\n", m.idNumber, m.account, joined)
			case kind == "mandates" && payer:
				fmt.Fprintf(b, "%s,psbc,%s,%s,%s\n", m.idNumber, m.account, m.mandate, joined)
			case kind == "tiers" && payer:
				fmt.Fprintf(b, "%s,2011,%s,%s\n", m.idNumber, m.tier, chosen)
			}
		}
		return b.Flush()
	}
}

// accounts are the members' accounts as the simulated bank opens them: one payer
// in fifty has not brought the money yet.
func (p people) accounts() func(yield func(simbank.Account, error) bool) {
	return func(yield func(simbank.Account, error) bool) {
		for i := range p.count() {
			m := p.at(i)
			a := simbank.Account{
				Number: m.account, Name: m.name, IDNumber: m.idNumber, Balance: 0, State: simbank.Normal, Mandates: nil,
			}
			if i < p.payers {
				a.Mandates = []string{m.mandate}
				if i%50 != 49 {
					a.Balance = m.tier + 50_00
				}
			}
			if !yield(a, nil) {
				return
			}
		}
	}
}
