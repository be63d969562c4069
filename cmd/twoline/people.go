package main

import (
	"fmt"
	"strings"

	"twoline/adapters/bank/simbank"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// villager is one member of the demonstration, and what their bank knows.
type villager struct {
	idNumber, socialNo, name, region string
	// bank is the partner bank's code, empty for one without an account.
	bank, kind, account, mandate string
	tier                         money.Amount
	balance                      money.Amount
	state                        simbank.AccountState
}

// county is the demonstration's data: made by rule, the same at every run.
type county struct {
	area     party.Area
	villages []string
	people   []villager
}

const (
	psbc = "psbc"
	rcc  = "rcc"
	ccb  = "ccb-baoji"
)

const (
	villagePayers     = 160
	villagePensioners = 40
	dormantPensioner  = villagePayers + 5
	closedPensioner   = villagePayers + 8
)

// newVillage makes three villages: 75 payers at the postal bank, 15 at the
// construction bank, 60 at the rural cooperative, 10 who have no account yet; and 40
// pensioners at the three. Some cannot be debited at first.
func newVillage() county {
	c := county{
		area: 610304, villages: []string{"610304101201", "610304101202", "610304102201"}, people: nil,
	}
	surnames := []rune("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗")
	given := []string{"秀英", "建国", "桂兰", "志强", "玉珍", "文军", "淑华", "海龙", "春梅", "德明", "喆", "金凤"}
	for i := range villagePayers + villagePensioners {
		v := villager{ //nolint:exhaustruct // the bank's part below
			socialNo: fmt.Sprintf("61030411%06d", i+1),
			name:     string(surnames[i%len(surnames)]) + given[(i/3)%len(given)],
			region:   c.villages[i%len(c.villages)],
			tier:     money.Amount(100_00 * (1 + i%5)),
			state:    simbank.Normal,
		}
		digits := fmt.Sprintf("610304%04d%02d%02d%03d", 1955+i%35, 1+i%12, 1+i%28, 100+i)
		v.idNumber = digits + string(party.IDCheck(digits))
		switch {
		case i >= villagePayers && i%8 == 2, i >= 75 && i < 90:
			v.bank, v.kind = ccb, "card"
			payload := fmt.Sprintf("622700%012d", i+1)
			v.account = payload + string(party.LuhnCheck(payload))
		case i >= villagePayers && i%4 != 0, i < 75:
			v.bank, v.kind = psbc, "passbook"
			v.account = fmt.Sprintf("6010%012d", i+1)
		case i < 150, i >= villagePayers:
			v.bank, v.kind = rcc, "card"
			payload := fmt.Sprintf("622999%012d", i+1)
			v.account = payload + string(party.LuhnCheck(payload))
		}
		if i >= villagePayers {
			v.tier, v.balance = 0, 1_00
			digits = fmt.Sprintf("610304%04d%02d%02d%03d", 1930+i%20, 1+i%12, 1+i%28, 100+i)
			v.idNumber = digits + string(party.IDCheck(digits))
			c.people = append(c.people, v)
			continue
		}
		v.mandate = fmt.Sprintf("D%s%06d", strings.ToUpper(v.bank), i+1)
		v.balance = 900_00
		c.people = append(c.people, v)
	}
	// What goes wrong in every real run.
	c.people[3].balance, c.people[40].balance, c.people[80].balance, c.people[100].balance = 0, 50_00, 20_00, 99_99
	c.people[17].state = simbank.Closed
	c.people[120].state = simbank.Frozen
	// One pension comes back, one cannot be paid at all.
	c.people[dormantPensioner].state = simbank.Dormant
	c.people[closedPensioner].state = simbank.Closed
	c.people[95].name = "𠮷" + "田" // outside of GBK, inside of GB18030
	c.people[96].name = "買買提·吐爾遜"
	return c
}

// csv builds the imports of the county.
func (c county) csv() map[string]string {
	var members, instruments, mandates, tiers, entitlements strings.Builder
	entitlements.WriteString("id_number,component,from_month,amount,document\n")
	members.WriteString("id_number,social_no,name,region,scheme,joined_on\n")
	instruments.WriteString("id_number,bank,kind,account_no,activated,for_payout,opened_on\n")
	mandates.WriteString("id_number,bank,account_no,number,signed_on\n")
	tiers.WriteString("id_number,year,amount,chosen_on\n")
	for _, v := range c.people {
		fmt.Fprintf(&members, "%s,%s,%s,%s,rural,2011-01-05\n", v.idNumber, v.socialNo, v.name, v.region)
		if v.tier > 0 {
			fmt.Fprintf(&tiers, "%s,2011,%s,2011-01-20\n", v.idNumber, v.tier)
		} else {
			fmt.Fprintf(&entitlements, "%s,base_pension,2011-03,55.00,国发〔2009〕32号\n", v.idNumber)
		}
		if v.bank == "" {
			continue
		}
		fmt.Fprintf(&instruments, "%s,%s,%s,%s,true,true,2011-01-10\n", v.idNumber, v.bank, v.kind, v.account)
		if v.tier == 0 {
			continue
		}
		fmt.Fprintf(&mandates, "%s,%s,%s,%s,2011-01-10\n", v.idNumber, v.bank, v.account, v.mandate)
	}
	return map[string]string{
		"members": members.String(), "instruments": instruments.String(), "mandates": mandates.String(),
		"tiers": tiers.String(), "entitlements": entitlements.String(),
	}
}

// accounts are a bank's customers as the simulated bank opens them.
func (c county) accounts(bank string) func(yield func(simbank.Account, error) bool) {
	return func(yield func(simbank.Account, error) bool) {
		for _, v := range c.people {
			if v.bank != bank {
				continue
			}
			a := simbank.Account{
				Number: v.account, Name: v.name, IDNumber: v.idNumber, Balance: v.balance, State: v.state,
				Mandates: nil,
			}
			if v.mandate != "" {
				a.Mandates = []string{v.mandate}
			}
			if !yield(a, nil) {
				return
			}
		}
	}
}
