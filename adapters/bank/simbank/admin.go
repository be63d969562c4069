package simbank

import (
	"encoding/json"
	"errors"
	"net/http"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

const maxAdminBody = 64 << 10

// Admin serves the knobs of the bank as JSON. It knows no callers: bind it to an
// address that only you reach.
//
//	GET   /healthz                   the bank is alive
//	GET   /status                    day, accounts, queue, and the sum of all accounts
//	GET   /behaviour  PUT            how it behaves; a PUT replaces all of it
//	POST  /step                      one round now; its report
//	POST  /day                       {"day"} close the business day, open a later one
//	POST  /transfers                 {"from","to","amount","reference","text"}
//	POST  /subsidies /interest /charges   {"account","amount","reference","text"}
//	POST  /repeats                   {"account","reference"} an entry of today a second time, by mistake
//	POST  /corrections               {"account","reference"} interest, a charge or a repeat taken back
//	POST  /deposits                  {"account","amount"} cash to a customer
//	POST  /payments                  {"member_id","year","amount","channel","terminal","account","paid_on"}
//	GET   /customers/{number}        one account; PATCH {"state","mandate"}
//	GET   /fund-accounts/{number}    balance and today's entries
//	GET   /batches/{id}              what the bank remembers of a withholding batch
//	GET   /payouts/{id}              and of a disbursement batch
func (b *Bank) Admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]bool{"ok": true}, nil)
	})
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { reply(w, b.Status(), nil) })
	mux.HandleFunc("GET /behaviour", func(w http.ResponseWriter, _ *http.Request) { reply(w, b.Behaviour(), nil) })
	mux.HandleFunc("PUT /behaviour", command(func(_ *http.Request, to Behaviour) (any, error) {
		return to, b.Behave(to)
	}))
	mux.HandleFunc("POST /step", func(w http.ResponseWriter, r *http.Request) {
		report, err := b.Step(r.Context())
		reply(w, report, err)
	})
	mux.HandleFunc("POST /day", command(func(_ *http.Request, c struct {
		Day calendar.Day `json:"day"`
	},
	) (any, error) {
		err := errors.Join(b.NewDay(c.Day), b.checkpoint())
		return b.Status(), err
	}))
	b.adminMoney(mux)
	b.adminViews(mux)
	return mux
}

// adminMove is the body of what moves money of a fund account.
type adminMove struct {
	From      string       `json:"from"`
	To        string       `json:"to"`
	Account   string       `json:"account"`
	Amount    money.Amount `json:"amount"`
	Reference string       `json:"reference"`
	Text      string       `json:"text"`
}

type adminReference struct {
	BankReference string `json:"bank_reference"`
}

func (b *Bank) adminMoney(mux *http.ServeMux) {
	moves := map[string]func(adminMove, Move) (string, error){
		"POST /transfers": func(c adminMove, m Move) (string, error) { return b.Transfer(c.From, c.To, m) },
		"POST /subsidies": func(c adminMove, m Move) (string, error) { return b.Subsidise(c.Account, m) },
		"POST /interest":  func(c adminMove, m Move) (string, error) { return b.Interest(c.Account, m) },
		"POST /charges":   func(c adminMove, m Move) (string, error) { return b.Charge(c.Account, m) },
	}
	for route, move := range moves {
		mux.HandleFunc(route, command(func(_ *http.Request, c adminMove) (any, error) {
			reference, err := move(c, Move{Amount: c.Amount, Reference: c.Reference, Text: c.Text})
			return adminReference{reference}, errors.Join(err, b.checkpoint())
		}))
	}
	mux.HandleFunc("POST /repeats", command(func(_ *http.Request, c adminMove) (any, error) {
		reference, err := b.Repeat(c.Account, c.Reference)
		return adminReference{reference}, errors.Join(err, b.checkpoint())
	}))
	mux.HandleFunc("POST /corrections", command(func(_ *http.Request, c adminMove) (any, error) {
		err := b.Correct(c.Account, c.Reference)
		return adminReference{c.Reference}, errors.Join(err, b.checkpoint())
	}))
	mux.HandleFunc("POST /deposits", command(func(_ *http.Request, c adminMove) (any, error) {
		var err error
		b.Ledger(func(l *Ledger) { err = l.Deposit(c.Account, c.Amount) })
		return map[string]bool{"ok": true}, errors.Join(err, b.checkpoint())
	}))
	mux.HandleFunc("POST /payments", command(func(r *http.Request, c struct {
		MemberID string       `json:"member_id"`
		Year     int          `json:"year"`
		Amount   money.Amount `json:"amount"`
		Channel  string       `json:"channel"`
		Terminal string       `json:"terminal"`
		Account  string       `json:"account"`
		PaidOn   calendar.Day `json:"paid_on"`
	},
	) (any, error) {
		reference, err := b.TakeAtCounter(r.Context(), Payment{
			MemberID: c.MemberID, Year: c.Year, Amount: c.Amount, Channel: c.Channel, Terminal: c.Terminal,
			PaidOn: c.PaidOn, Account: c.Account,
		})
		return adminReference{reference}, err
	}))
}

func (b *Bank) adminViews(mux *http.ServeMux) {
	mux.HandleFunc("GET /customers/{number}", func(w http.ResponseWriter, r *http.Request) {
		view, err := b.customerView(r.PathValue("number"))
		reply(w, view, err)
	})
	mux.HandleFunc("PATCH /customers/{number}", command(func(r *http.Request, c struct {
		State   AccountState `json:"state"`
		Mandate string       `json:"mandate"`
	},
	) (any, error) {
		number := r.PathValue("number")
		var err error
		b.Ledger(func(l *Ledger) {
			if c.State != "" {
				err = l.SetState(number, c.State)
			}
			if c.Mandate != "" {
				err = errors.Join(err, l.Sign(number, c.Mandate))
			}
		})
		if err != nil {
			return nil, err
		}
		view, err := b.customerView(number)
		return view, errors.Join(err, b.checkpoint())
	}))
	mux.HandleFunc("GET /fund-accounts/{number}", func(w http.ResponseWriter, r *http.Request) {
		var f Fund
		var err error
		b.Ledger(func(l *Ledger) { f, err = l.Fund(r.PathValue("number")) })
		reply(w, f, err)
	})
	mux.HandleFunc("GET /batches/{id}", func(w http.ResponseWriter, r *http.Request) {
		x, ok := b.Batch(r.PathValue("id"))
		if !ok {
			reply(w, nil, ErrNoAccount)
			return
		}
		reply(w, x, nil)
	})
	mux.HandleFunc("GET /payouts/{id}", func(w http.ResponseWriter, r *http.Request) {
		x, ok := b.Payout(r.PathValue("id"))
		if !ok {
			reply(w, nil, ErrNoAccount)
			return
		}
		reply(w, x, nil)
	})
}

// customerView leaves out who the customer is.
func (b *Bank) customerView(number string) (any, error) {
	var c Customer
	var err error
	b.Ledger(func(l *Ledger) { c, err = l.Customer(number) })
	return struct {
		Number   string       `json:"number"`
		Balance  money.Amount `json:"balance"`
		State    AccountState `json:"state"`
		Mandates []string     `json:"mandates"`
		Debits   int          `json:"debits"`
		Debited  money.Amount `json:"debited"`
		Credits  int          `json:"credits"`
		Credited money.Amount `json:"credited"`
	}{c.Number, c.Balance, c.State, c.Mandates, c.Debits, c.Debited, c.Credits, c.Credited}, err
}

// Status is what the bank holds.
type Status struct {
	Day       calendar.Day `json:"day"`
	Crashed   bool         `json:"crashed"`
	Customers int          `json:"customers"`
	Funds     int          `json:"fund_accounts"`
	Batches   int          `json:"batches"`
	// Open batches are not answered yet, Returning payments will come back, Queued
	// messages are not sent.
	Open      int `json:"open_batches"`
	Returning int `json:"returning_payments"`
	Queued    int `json:"queued_messages"`
	// Sum of all accounts is 0.00, or money was made or lost.
	Sum money.Amount `json:"sum"`
}

// Status counts what the bank holds.
func (b *Bank) Status() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Status{
		Day: b.day, Crashed: b.crashed, Customers: len(b.ledger.customers), Funds: len(b.ledger.funds),
		Batches: len(b.batches), Open: len(b.open), Returning: len(b.returning), Queued: len(b.queue),
		Sum: b.ledger.Sum(),
	}
}

// command reads a small JSON body strictly and answers what run returns.
func command[C any](run func(*http.Request, C) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var c C
		d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAdminBody))
		d.DisallowUnknownFields()
		if err := d.Decode(&c); err != nil {
			reply(w, nil, err)
			return
		}
		out, err := run(r, c)
		reply(w, out, err)
	}
}

// reply answers JSON; an error is 502 where the gateway is its cause, 404 where
// something is absent, else 400.
func reply(w http.ResponseWriter, out any, err error) {
	status := http.StatusOK
	var refusal *RefusalError
	switch {
	case err == nil:
	case errors.As(err, &refusal), errors.Is(err, ErrUnreachable):
		status = http.StatusBadGateway
	case errors.Is(err, ErrNoAccount):
		status = http.StatusNotFound
	default:
		status = http.StatusBadRequest
	}
	if err != nil {
		out = map[string]string{"error": err.Error()}
	}
	text, err := json.Marshal(out)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"error":"the answer cannot be written"}`)
	}
	w.Header().Set("Content-Type", typeJSON)
	w.WriteHeader(status)
	// A caller that is gone hears nothing, and nothing else can be done.
	_, _ = w.Write(append(text, '\n'))
}
