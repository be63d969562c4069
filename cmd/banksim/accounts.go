package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"twoline/adapters/bank/simbank"
	"twoline/gateway/money"
)

// columns of a list of accounts, in this order.
func columns() []string {
	return []string{"number", "name", "id_number", "balance", "state", "mandates"}
}

// accounts reads customers from a CSV file, line by line.
func accounts(name string) func(yield func(simbank.Account, error) bool) {
	return func(yield func(simbank.Account, error) bool) {
		f, err := os.Open(name) //nolint:gosec // the file that the caller names
		if err != nil {
			yield(simbank.Account{}, fmt.Errorf("read accounts: %w", err))
			return
		}
		defer f.Close() //nolint:errcheck // it was only read
		r := csv.NewReader(f)
		head, err := r.Read()
		if err != nil || !slices.Equal(trimMark(head), columns()) {
			yield(simbank.Account{}, hinted{
				fmt.Errorf("read accounts of %s: line 1 is not the expected header", name),
				"the header is " + strings.Join(columns(), ","),
			})
			return
		}
		r.ReuseRecord = true
		for {
			fields, err := r.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			line, _ := r.FieldPos(0)
			var a simbank.Account
			if err == nil {
				a, err = accountOf(fields)
			}
			if err != nil {
				err = fmt.Errorf("read accounts of %s: line %d: %w", name, line, err)
			}
			if !yield(a, err) {
				return
			}
		}
	}
}

// trimMark takes away the mark that some programs put before UTF-8.
func trimMark(head []string) []string {
	if len(head) > 0 {
		head[0] = strings.TrimPrefix(head[0], "\uFEFF")
	}
	return head
}

func accountOf(fields []string) (simbank.Account, error) {
	balance, err := money.Parse(fields[3])
	if err != nil {
		return simbank.Account{}, fmt.Errorf("balance: %w", err)
	}
	a := simbank.Account{
		Number: strings.Clone(fields[0]), Name: strings.Clone(fields[1]), IDNumber: strings.Clone(fields[2]),
		Balance: balance, State: simbank.AccountState(strings.Clone(fields[4])),
	}
	if fields[5] != "" {
		a.Mandates = strings.Split(strings.Clone(fields[5]), ";")
	}
	return a, nil
}

// fundAccounts reads NUMBER or NUMBER=OPENING.
func fundAccounts(list []string) ([]simbank.FundAccount, error) {
	out := make([]simbank.FundAccount, 0, len(list))
	for _, text := range list {
		number, opening, given := strings.Cut(text, "=")
		f := simbank.FundAccount{Number: number}
		if given {
			var err error
			if f.Opening, err = money.Parse(opening); err != nil {
				return nil, fmt.Errorf("--fund-account %s: %w", number, err)
			}
		}
		out = append(out, f)
	}
	return out, nil
}
