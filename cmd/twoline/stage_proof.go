package main

import (
	"context"
	"log/slog"

	"twoline/adapters/bank/profile"
	"twoline/adapters/postgres"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

// songpan books Songpan county's 2010 from its published lines (in 万: subsidies
// 156.8, 54, 21.6 and 13.19; contributions 185.56; interest 1.9; base pensions
// 200.5). Published are an income of 431.15 and a balance of 232.55: the income
// leaves out the interest, the balance includes it.
func (s *stage) songpan(ctx context.Context) (income, balance money.Amount, err error) {
	area := party.Area(513224)
	for _, file := range []struct {
		kind registry.Kind
		csv  string
	}{
		{registry.KindRegions, "region,name\n513224000000,松潘县\n"},
		{registry.KindPolicies, "rule,effective_from,value,document\ncollection_mode,2010-06-01,agency,县政府办法\n"},
		{registry.KindBanks, "bank,bank_no,name,format,row_limit,charset\nsongpan-rcc,402100000018,松潘农信社,jsonl,1000,gb18030\n"},
		{registry.KindFundAccounts, "scheme,role,bank,account_no,name,settlement,opened_on\n" +
			"rural,fiscal_special,songpan-rcc,513224000000000002,财政专户,net,2010-06-01\n" +
			"rural,expenditure,songpan-rcc,513224000000000003,支出户,net,2010-06-01\n"},
	} {
		if err := s.load(ctx, area, file.kind, file.csv); err != nil {
			return 0, 0, err
		}
	}
	accounts, err := s.g.db.FundAccountIDs(ctx, area)
	if err != nil {
		return 0, 0, err
	}
	book := newSongpan(area, accounts[string(ledger.FiscalSpecial)], accounts[string(ledger.Expenditure)])
	if err := s.g.db.BookVouchers(ctx, "demo", book.entries()...); err != nil {
		return 0, 0, err
	}
	return s.g.db.FundResult(ctx, area, ledger.Rural)
}

// reconciled is what the reports of several accounts say together.
type reconciled struct {
	lines, matched, breaks int
	agrees                 bool
}

// reconcile asks for the reports of accounts through a day: statements against book.
func (s *stage) reconcile(ctx context.Context, accounts []string, through calendar.Day) (reconciled, error) {
	sum := reconciled{lines: 0, matched: 0, breaks: 0, agrees: true}
	for _, id := range accounts {
		var r struct {
			Bank struct {
				Lines int `json:"outstanding_lines"`
			} `json:"bank"`
			Matched []struct {
				StatementLines int `json:"statement_lines"`
			} `json:"matched"`
			Breaks int  `json:"break_count"`
			Agrees bool `json:"agrees"`
		}
		path := "/v1/reconciliations/" + id + "/" + through.String()
		if err := s.desks["finance"].post(ctx, path+"/run", map[string]any{}, nil); err != nil {
			return sum, err
		}
		if err := s.desks["auditor"].get(ctx, path, &r); err != nil {
			return sum, err
		}
		for _, m := range r.Matched {
			sum.matched += m.StatementLines
			sum.lines += m.StatementLines
		}
		sum.lines += r.Bank.Lines
		sum.breaks += r.Breaks
		sum.agrees = sum.agrees && r.Agrees
	}
	return sum, nil
}

// papers takes the papers of a closed month, as the finance bureau does, and
// counts its vouchers: each account's reconciliation statement agrees, the
// vouchers balance, and the fund statement leads from its opening to its closing.
func (s *stage) papers(ctx context.Context, accounts []string, month string) (int, error) {
	auditor := s.desks["auditor"]
	for _, id := range accounts {
		var t struct {
			Agrees bool `json:"agrees"`
		}
		if err := auditor.get(ctx, "/v1/reconciliations/"+id+"/"+month+"/statement", &t); err != nil {
			return 0, err
		}
		if !t.Agrees {
			return 0, errDemo.With("the reconciliation statement of account %s for %s does not agree", id, month)
		}
		paper := "/v1/reconciliations/" + id + "/" + month + "/statement?format=pdf"
		if err := s.keepPaper(ctx, paper, "reconciliation-"+id+"-"+month+".pdf"); err != nil {
			return 0, err
		}
	}
	book := "?scheme=rural&month=" + month
	var vouchers struct {
		Final  bool         `json:"final"`
		Count  int          `json:"count"`
		Debit  money.Amount `json:"debit"`
		Credit money.Amount `json:"credit"`
	}
	if err := auditor.get(ctx, "/v1/reports/vouchers"+book, &vouchers); err != nil {
		return 0, err
	}
	if !vouchers.Final || vouchers.Debit != vouchers.Credit {
		return 0, errDemo.With("the vouchers of %s: debit %s, credit %s", month, vouchers.Debit, vouchers.Credit)
	}
	var fund struct {
		Opening     money.Amount `json:"opening"`
		BroughtIn   money.Amount `json:"brought_in"`
		Income      money.Amount `json:"income_total"`
		Expenditure money.Amount `json:"expenditure_total"`
		Closing     money.Amount `json:"closing"`
	}
	if err := auditor.get(ctx, "/v1/reports/fund-statement"+book, &fund); err != nil {
		return 0, err
	}
	if got := fund.Opening + fund.BroughtIn + fund.Income - fund.Expenditure; got != fund.Closing {
		return 0, errDemo.With("the fund statement of %s leads to %s and closes at %s", month, got, fund.Closing)
	}
	return vouchers.Count, nil
}

// verify proves every invariant and returns "clean" or the first breach.
func (s *stage) verify(ctx context.Context) (verdict string, invariants int, err error) {
	r, err := s.g.db.Verify(ctx, postgres.Verification{
		Area: 0, Files: profile.New(), Progress: func(id string, _, _ int) {
			s.log.InfoContext(ctx, "verifying", slog.String("invariant", id))
		},
	})
	if err != nil {
		return "", 0, err
	}
	for _, f := range r.Findings {
		if !f.Holds() {
			if len(f.Breaches) > 0 {
				return f.Breaches[0].String(), len(r.Findings), nil
			}
			return f.ID + ": " + f.Title, len(r.Findings), nil
		}
	}
	return "clean", len(r.Findings), nil
}
