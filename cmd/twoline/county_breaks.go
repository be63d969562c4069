package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"twoline/adapters/bank/simbank"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// The bank's mistakes of August: nothing of the kind was published. What it took is
// given back within the month, so that the year's figures are those published.
const (
	mistakenCharge   money.Amount = 12_50
	mistakenInterest money.Amount = 1_234_56
)

// handled is one open break as an officer finds it.
type handled struct {
	ID     string       `json:"id"`
	Reason string       `json:"reason"`
	Amount money.Amount `json:"amount"`
}

// mistakes are the events of the month in which the bank errs: a charge that the
// fund does not owe, interest of another account, and the month's allocation twice.
func (c *countyPlay) mistakes(month calendar.Month, handover calendar.Day) []event {
	return []event{
		{month.Day(4), func(context.Context) error { return c.err() }},
		{handover, func(context.Context) error { return c.allocateTwice() }},
		{handover.AddDays(1), c.claimBreaks},
		{month.Day(26), func(context.Context) error { return c.takeBack() }},
		{month.Day(30), func(ctx context.Context) error { return c.breaksAreClosed(ctx, month) }},
	}
}

func (c *countyPlay) err() error {
	number := c.numbers()[ruralFiscal]
	charge, err := c.post.Charge(number, simbank.Move{Amount: mistakenCharge, Reference: "", Text: "账户管理费"}) //nolint:gosmopolitan // the bank's own words
	if err != nil {
		return err
	}
	interest, err := c.post.Interest(number, simbank.Move{Amount: mistakenInterest, Reference: "", Text: ""})
	c.mistaken = append(c.mistaken, charge, interest)
	return err
}

// allocateTwice has the bank book the day's allocation a second time.
func (c *countyPlay) allocateTwice() error {
	number := c.numbers()[ruralFiscal]
	var fund simbank.Fund
	var err error
	c.post.Ledger(func(l *simbank.Ledger) { fund, err = l.Fund(number) })
	if err != nil {
		return fmt.Errorf("look at the account: %w", err)
	}
	for _, e := range fund.Entries {
		if e.Direction == bank.Debit && e.CounterpartyAccount == c.numbers()[ruralPayout] {
			again, err := c.post.Repeat(number, e.Reference)
			c.mistaken = append(c.mistaken, again)
			return err
		}
	}
	return errDemo.With("the bank knows of no allocation today")
}

func (c *countyPlay) takeBack() error {
	for _, reference := range c.mistaken {
		if err := c.post.Correct(c.numbers()[ruralFiscal], reference); err != nil {
			return fmt.Errorf("take %s back: %w", reference, err)
		}
	}
	return nil
}

func (c *countyPlay) openBreaks(ctx context.Context) (list []handled, err error) {
	var page struct {
		Items []handled `json:"items"`
	}
	err = c.stage.desks["finance"].get(ctx, "/v1/breaks?account="+c.accounts[ruralFiscal].ID, &page)
	return page.Items, err
}

// claimBreaks has finance take every open break of the fiscal special account, and
// claim the money from the bank by a letter that a second person approves. What the
// bank did twice has its letter from the moment it was seen.
func (c *countyPlay) claimBreaks(ctx context.Context) error {
	list, err := c.openBreaks(ctx)
	if err != nil {
		return err
	}
	maker, checker := c.stage.desks["finance"], c.stage.desks["finance-check"]
	found := map[string]money.Amount{}
	for _, b := range list {
		found[b.Reason] += b.Amount
		path := "/v1/breaks/" + b.ID
		if err := maker.post(ctx, path+"/owner", map[string]string{"owner": "finance"}, nil); err != nil {
			return err
		}
		if b.Reason != "duplicate_bank_line" {
			var asked struct {
				Digest string `json:"digest"`
			}
			//nolint:gosmopolitan // officers' words
			body := map[string]string{"proposal": "claim", "document": "银行对账单", "reason": "基金不承担费用,本账户未结息"}
			if err := maker.post(ctx, path+"/resolution", body, &asked); err != nil {
				return err
			}
			err := checker.post(ctx, path+"/resolution/approve", map[string]string{"digest": asked.Digest}, nil)
			if err != nil {
				return err
			}
		}
		if err := c.stage.keepPaper(ctx, path+"/letter?format=pdf", "letter-"+b.Reason+".pdf"); err != nil {
			return err
		}
		c.report.Letters++
	}
	c.report.BreaksFound = len(list)
	if len(found) != 3 || found["bank_charge"] != mistakenCharge || found["bank_interest"] != mistakenInterest ||
		found["duplicate_bank_line"] == 0 {
		return errDemo.With("the bank's mistakes are a charge, interest and a debit twice; found are %v", found)
	}
	return nil
}

// breaksAreClosed proves that the corrections ended every break.
func (c *countyPlay) breaksAreClosed(ctx context.Context, month calendar.Month) error {
	list, err := c.openBreaks(ctx)
	if err != nil {
		return err
	}
	c.report.BreaksClosed = c.report.BreaksFound - len(list)
	if len(list) > 0 {
		return errDemo.With("%d breaks of %s are open after the bank took its mistakes back: %v", len(list), month, list)
	}
	return nil
}

// keepPaper writes a paper into the folder that was named for papers, if one was.
func (s *stage) keepPaper(ctx context.Context, path, name string) error {
	if s.papersTo == "" {
		return nil
	}
	d := s.desks["finance"]
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.base+path, http.NoBody)
	if err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	r.Header.Set("Authorization", "Bearer "+d.token)
	answer, err := d.client.Do(r)
	if err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	defer answer.Body.Close() //nolint:errcheck // read only
	if answer.StatusCode != http.StatusOK {
		text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<16))
		return orRefusal(err, &refusal{method: http.MethodGet, path: path, status: answer.StatusCode, body: string(text)})
	}
	f, err := os.Create(filepath.Join(s.papersTo, name)) //nolint:gosec // the folder is the operator's, the name ours
	if err != nil {
		return fmt.Errorf("print %s: %w", name, err)
	}
	_, err = io.Copy(f, answer.Body)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("print %s: %w", name, err)
	}
	return nil
}

func orRefusal(err error, r *refusal) error {
	if err != nil {
		return fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	return r
}
