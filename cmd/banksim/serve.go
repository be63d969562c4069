package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/lmittmann/tint"
	"golang.org/x/term"

	"twoline/adapters/bank/gb18030"
	"twoline/adapters/bank/layout"
	"twoline/adapters/bank/simbank"
	"twoline/adapters/httpapi/signature"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

type serveCommand struct {
	Gateway string `help:"${gateway}" placeholder:"URL" required:""`
	Upload  string `help:"${upload}" placeholder:"URL" required:""`
	KeyID   string `help:"${key_id}" name:"keyid" placeholder:"ID" required:""`
	KeyFile string `help:"${key_file}" placeholder:"FILE" required:""`
	Listen  string `help:"${listen}" default:"127.0.0.1:8090"`

	Seed     uint64        `help:"${seed}" default:"1"`
	Code     string        `help:"${code}" default:"SIM"`
	Interval time.Duration `help:"${interval}" default:"5s"`
	Day      string        `help:"${day}" placeholder:"DATE"`
	State    string        `help:"${state}" placeholder:"FILE"`
	JSON     bool          `help:"${json}" name:"json"`

	Format     string `help:"${format}" default:"json" enum:"${formats}"`
	Charset    string `help:"${charset}" default:"first" enum:"first,gb18030,gbk,utf-8"`
	Statements string `help:"${statements}" default:"camt.053.001.08" enum:"camt.053.001.08,mt940,jsonl,none"`
	PageSize   int    `help:"${page_size}" default:"1000"`

	Accounts    string   `help:"${accounts}" placeholder:"FILE"`
	FundAccount []string `help:"${fund_account}" placeholder:"NUMBER[=AMOUNT]" sep:"none"`
	OpenUnknown string   `help:"${open_unknown}" placeholder:"AMOUNT"`

	Behaviour behaviourFlags `embed:"" group:"Behaviour"`
	Payouts   payoutFlags    `embed:"" group:"Payouts"`
}

// behaviourFlags are the knobs that the bank starts with; each can also be
// turned while it runs.
type behaviourFlags struct {
	Settlement      string         `help:"${settlement}" default:"net" enum:"net,gross,itemised,branches"`
	Branches        int            `help:"${branches}" default:"3"`
	LateDays        int            `help:"${late_days}"`
	ArrivalLateDays int            `help:"${arrival_late_days}"`
	PartialPercent  int            `help:"${partial_percent}"`
	OutOfOrder      bool           `help:"${out_of_order}"`
	Repeat          string         `help:"${repeat}" default:"none" enum:"none,same,renamed"`
	NeverAnswer     bool           `help:"${never_answer}"`
	OneFenOff       int            `help:"${one_fen_off}"`
	UnknownCode     int            `help:"${unknown_code}"`
	PendingFirst    int            `help:"${pending_first}"`
	Contradict      int            `help:"${contradict}"`
	DuplicateLines  int            `help:"${duplicate_lines}"`
	CutFile         bool           `help:"${cut_file}"`
	WrongTotals     bool           `help:"${wrong_totals}"`
	CorrectAfter    int            `help:"${correct_after}"`
	Arrivals        string         `help:"${arrivals}" default:"send" enum:"send,drop,twice"`
	CrashAfterDebit bool           `help:"${crash_after_debit}"`
	Reject          map[string]int `help:"${reject}" placeholder:"REASON=N"`
	RefuseWhole     bool           `help:"${refuse_whole}"`
	RejectOpenings  int            `help:"${reject_openings}"`
}

// payoutFlags are those of payments.
type payoutFlags struct {
	PayoutSettlement string         `help:"${payout_settlement}" default:"agreed" enum:"agreed,net,gross,itemised"`
	PayoutAtOnce     bool           `help:"${payout_at_once}"`
	PayoutLateDays   int            `help:"${payout_late_days}"`
	PayoutReject     map[string]int `help:"${payout_reject}" placeholder:"REASON=N"`
	Returns          int            `help:"${returns}"`
	ReturnAfterDays  int            `help:"${return_after_days}" default:"3"`
	ReturnWithinDays int            `help:"${return_within_days}"`
	NoReturnsAfter   string         `help:"${no_returns_after}" placeholder:"DATE"`
	ReturnNotices    string         `help:"${return_notices}" default:"send" enum:"send,drop,twice"`
}

// word is a flag's value, and empty where it is the word for nothing.
func word(s, none string) string {
	if s == none {
		return ""
	}
	return s
}

func (f payoutFlags) behaviour() (simbank.PayoutBehaviour, error) {
	var last calendar.Day
	if f.NoReturnsAfter != "" {
		var err error
		if last, err = calendar.ParseDay(f.NoReturnsAfter); err != nil {
			return simbank.PayoutBehaviour{}, fmt.Errorf("--no-returns-after: %w", err)
		}
	}
	return simbank.PayoutBehaviour{
		Settlement: simbank.Settlement(word(f.PayoutSettlement, "agreed")), AtOnce: f.PayoutAtOnce,
		LateDays: f.PayoutLateDays, Reject: f.PayoutReject, Returns: f.Returns, ReturnAfterDays: f.ReturnAfterDays,
		ReturnWithinDays: f.ReturnWithinDays, NoReturnsAfter: last, ReturnNotices: word(f.ReturnNotices, "send"),
	}, nil
}

func (f behaviourFlags) behaviour() simbank.Behaviour {
	return simbank.Behaviour{
		Settlement: simbank.Settlement(f.Settlement), Branches: f.Branches, LateDays: f.LateDays,
		ArrivalLateDays: f.ArrivalLateDays, PartialPercent: f.PartialPercent, OutOfOrder: f.OutOfOrder,
		Repeat: word(f.Repeat, "none"), NeverAnswer: f.NeverAnswer, OneFenOff: f.OneFenOff, UnknownCode: f.UnknownCode,
		PendingFirst: f.PendingFirst, Contradict: f.Contradict, DuplicateLines: f.DuplicateLines, CutFile: f.CutFile,
		WrongTotals: f.WrongTotals, CorrectAfterDays: f.CorrectAfter, Arrivals: word(f.Arrivals, "send"),
		CrashAfterDebit: f.CrashAfterDebit, Reject: f.Reject, RefuseWhole: f.RefuseWhole,
		RejectOpenings: f.RejectOpenings,
	}
}

// Help shows the knobs of a running bank.
func (*serveCommand) Help() string {
	return `While it runs, the address of --listen takes JSON:

  GET  /healthz /status /behaviour /customers/{number} /fund-accounts/{number} /batches/{id} /payouts/{id}
  PUT  /behaviour        all knobs at once: {"late_days":2,"settlement":"gross","payout":{"returns":20}}
  POST /step             a round now, with its report
  POST /day              {"day":"2026-11-26"}: close the day, issue statements
  POST /transfers        {"from":"…","to":"…","amount":"300.00","reference":"…"}
  POST /subsidies /interest /charges   {"account":"…","amount":"0.37"}
  POST /repeats /corrections           {"account":"…","reference":"F20261102-000001"} a mistake, and its correction
  POST /deposits         {"account":"…","amount":"100.00"}: cash to a customer
  POST /payments         {"member_id":"…","year":2026,"amount":"100.00","channel":"counter",
                          "terminal":"T-1","account":"…"}
  PATCH /customers/{number}            {"state":"frozen"} or {"mandate":"…"}; a payment to a dormant
                         account comes back, one to a not_activated account stays

Payments leave the expenditure account that their batch names, on its pay day. An account that does
not hold a whole batch pays nothing of it: all is pending until /transfers or /subsidies bring the money.

Exit codes: 0 stopped as told, 1 the bank crashed or its accounts do not add up, 2 wrong usage or
unreadable input.`
}

// Run serves until the process is told to stop.
func (cmd *serveCommand) Run(a *app) error {
	log := cmd.log(a)
	c, err := cmd.config(log)
	if err != nil {
		return err
	}
	b, err := simbank.New(c)
	if err != nil {
		return err
	}
	if cmd.State != "" {
		if err := load(b, cmd.State); err != nil {
			return err
		}
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(a.ctx, "tcp", cmd.Listen)
	if err != nil {
		return hinted{fmt.Errorf("listen: %w", err), "choose another --listen"}
	}
	log.InfoContext(a.ctx, "serving", slog.String("listen", listener.Addr().String()),
		slog.String("gateway", c.Gateway), slog.String("day", b.Day().String()), slog.Uint64("seed", cmd.Seed))
	err = serve(a.ctx, b, listener, cmd.Interval)
	if cmd.State != "" {
		err = errors.Join(err, save(b, cmd.State))
	}
	return errors.Join(err, cmd.report(a, b.Status()))
}

// report says how the bank ended.
func (cmd *serveCommand) report(a *app, s simbank.Status) error {
	var err error
	if cmd.JSON {
		err = json.NewEncoder(a.std.out).Encode(s)
	} else {
		_, err = fmt.Fprintf(a.std.out,
			"day %s, %d batches, %d not answered, %d messages not sent, all accounts sum to %s\n",
			s.Day, s.Batches, s.Open, s.Queued, s.Sum)
	}
	if s.Sum != 0 {
		err = errors.Join(err, errUnequal)
	}
	return err
}

func (cmd *serveCommand) log(a *app) *slog.Logger {
	if f, ok := a.std.err.(*os.File); ok && !cmd.JSON && term.IsTerminal(int(f.Fd())) {
		return slog.New(tint.NewTextHandler(f, nil))
	}
	return slog.New(slog.NewJSONHandler(a.std.err, nil))
}

func (cmd *serveCommand) config(log *slog.Logger) (simbank.Config, error) {
	client, err := cmd.client()
	if err != nil {
		return simbank.Config{}, err
	}
	funds, err := fundAccounts(cmd.FundAccount)
	if err != nil {
		return simbank.Config{}, err
	}
	how := cmd.Behaviour.behaviour()
	if how.Payout, err = cmd.Payouts.behaviour(); err != nil {
		return simbank.Config{}, err
	}
	c := simbank.Config{
		Seed: cmd.Seed, Code: cmd.Code, Client: client, Gateway: cmd.Gateway, Upload: cmd.Upload,
		Format: simbank.Format(cmd.Format), Statements: simbank.StatementFormat(cmd.Statements), PageSize: cmd.PageSize,
		Behaviour: how, FundAccounts: funds, Log: log,
		Today: func() calendar.Day { return calendar.DayIn(time.Now()) },
	}
	if err := cmd.charset(&c); err != nil {
		return c, err
	}
	if cmd.Day != "" {
		c.Today = nil
		if c.Day, err = calendar.ParseDay(cmd.Day); err != nil {
			return c, fmt.Errorf("--day: %w", err)
		}
	}
	if cmd.OpenUnknown == "" && cmd.Accounts == "" {
		cmd.OpenUnknown = "10000.00"
	}
	if cmd.OpenUnknown != "" {
		if c.OpenUnknown, err = money.Parse(cmd.OpenUnknown); err != nil {
			return c, fmt.Errorf("--open-unknown: %w", err)
		}
	}
	if cmd.Accounts != "" {
		c.Accounts = accounts(cmd.Accounts)
	}
	if cmd.State != "" {
		c.Checkpoint = func(b *simbank.Bank) error { return save(b, cmd.State) }
	}
	if cmd.Interval <= 0 {
		return c, errors.New("--interval: more than nothing")
	}
	return c, nil
}

// charset sets that of a cooperative's files, and that of a profile's.
func (cmd *serveCommand) charset(c *simbank.Config) error {
	name := layout.Charset(word(cmd.Charset, "first"))
	if name == layout.GBK {
		c.Charset = gb18030.GBK
	}
	if c.Format != simbank.Cooperative {
		c.FormCharset = name
	} else if name == layout.UTF8 {
		return hinted{errors.New("--charset: a cooperative's files are gb18030 or gbk"), "leave --charset away"}
	}
	return nil
}

// client signs every request.
func (cmd *serveCommand) client() (*http.Client, error) {
	content, err := os.ReadFile(cmd.KeyFile)
	if err != nil {
		return nil, hinted{fmt.Errorf("read --key-file: %w", err), "banksim keygen makes one"}
	}
	key, err := signature.ParseKeyFile(cmd.KeyID, content)
	if err != nil {
		return nil, fmt.Errorf("--key-file %s: %w", cmd.KeyFile, err)
	}
	transport, err := signature.NewTransport(signature.TransportOptions{
		Base: &http.Transport{
			ResponseHeaderTimeout: 2 * time.Minute, TLSHandshakeTimeout: 10 * time.Second,
			IdleConnTimeout: 30 * time.Second,
		},
		Key: key, Now: time.Now, Random: rand.Reader,
	})
	if err != nil {
		return nil, fmt.Errorf("--key-file %s: %w", cmd.KeyFile, err)
	}
	return &http.Client{Transport: transport, Timeout: 10 * time.Minute}, nil
}

// serve runs the bank and its knobs until ctx ends or the bank crashes.
func serve(ctx context.Context, b *simbank.Bank, listener net.Listener, interval time.Duration) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	server := &http.Server{
		Handler: b.Admin(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		IdleTimeout: 30 * time.Second,
	}
	served := make(chan error, 1)
	go func() {
		err := server.Serve(listener)
		cancel()
		served <- err
	}()
	err := b.Run(ctx, interval)
	closing, end := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer end()
	err = errors.Join(err, server.Shutdown(closing))
	if e := <-served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

// load takes up the state of an earlier run, if there was one.
func load(b *simbank.Bank, name string) error {
	f, err := os.Open(name) //nolint:gosec // the file that the caller names
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read --state: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	if err := b.Load(f); err != nil {
		return hinted{
			fmt.Errorf("--state %s: %w", name, err),
			"use the seed that it was made with, or another file to begin anew",
		}
	}
	return nil
}

// save writes the state so that an end at any moment leaves a whole file.
func save(b *simbank.Bank, name string) error {
	next := name + ".next"
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) //nolint:gosec // the caller names the file
	if err != nil {
		return fmt.Errorf("write --state: %w", err)
	}
	if err := errors.Join(b.Save(f), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write --state: %w", err)
	}
	return os.Rename(next, name)
}
