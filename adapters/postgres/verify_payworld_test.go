package postgres_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/collection"
	"twoline/gateway/disbursement"
	"twoline/gateway/fundtransfer"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/registry"
	"twoline/reconcile"
)

// The money out of the five weeks: a run that a screen hit and its successor,
// answered by request and by file, with a failure, a return that came before its
// success, one that is never claimed and one that is paid again; a supplementary
// run that was recalled, and a run that waits for its release.

// seedPensioners makes the pensioners' bank that takes the lump, three of its
// customers, what everybody draws, the officers who pay, and what the screens know.
func (w *proofWorld) seedPensioners() {
	w.t.Helper()
	w.d.Exec(w.t, `insert into bank values (610305, 'rcc', '402100000018', 'rural credit', 'json', 1000)`)
	w.d.Exec(w.t, `insert into fund_account values
		(610305, 15, 'rural', 'expenditure', 'rcc', '9610305151', 'lump', 'gross', '2011-03-01')`)
	for i := 1013; i <= 1015; i++ {
		first := fmt.Sprintf("6103051950010%d", i)
		w.d.Exec(w.t, `insert into member values (610305, $1, $2, $3, $4, 610305101201, 'rural', '2011-01-01')`,
			i, first+string(party.IDCheck(first)), fmt.Sprintf("S%d", i), fmt.Sprintf("李%d", i))
	}
	w.d.Exec(w.t, `insert into instrument select 610305, n + 1000, n, 'rcc', 'passbook', '62' || n, null, n <> 1013,
		true, '2011-01-01' from generate_series(1013, 1015) n`)
	w.d.Exec(w.t, `insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
		select 610305, n, 'base_pension', '2011-03-01', 1000, 'decision', 'test', now() - interval '1 day'
		from generate_series(1001, 1015) n where n not in (1010, 1011)`)
	w.d.Exec(w.t, `insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
		values (610305, 1001, 'account_pension', '2011-03-01', 500, 'decision', 'test', now() - interval '1 day'),
		(610305, 1001, 'base_pension', '2011-04-01', 1200, 'decision 2', 'test', now() - interval '1 day'),
		(610305, 1002, 'one_off', '2011-03-01', 700, 'decision', 'test', now() - interval '1 day'),
		(610305, 1002, 'one_off', '2011-04-01', 0, 'paid', 'test', now() - interval '1 day'),
		(610305, 1015, 'account_pension', '2011-03-01', 300, 'decision', 'test', now() - interval '1 day')`)
	w.d.Exec(w.t, `insert into death_notice (area, id, member_id, died_on, source, document, entered_by, entered_at) values
		(610305, 7102, 1009, '2011-02-11', 'civil affairs', 'list', 'test', now() - interval '1 day')`)
	w.d.Exec(w.t, `insert into certification (area, id, member_id, way, certified_on, document, entered_by, entered_at, business_day)
		values (610305, 7301, 1001, 'counter', '2011-03-01', 'list', 'test', now() - interval '1 day', '2011-03-01')`)
	w.d.Exec(w.t, `insert into payment_hold (area, id, member_id, reason, from_month, opened_by, opened_at)
		select 610305, 7200 + n, 1000 + n, 'amount_review', '2011-03-01', 'test', now() - interval '1 day'
		from generate_series(4, 5) n`)
	for n, o := range []struct {
		login string
		in    approval.Organisation
		duty  approval.Duty
	}{
		{"business-checker", approval.AgencyBusiness, approval.Checker},
		{"finance-releaser", approval.AgencyFinance, approval.Releaser},
		{"rules-maker", approval.AgencyBusiness, approval.Maker},
	} {
		login, person := fmt.Sprintf("%s.%d", o.login, int32(proofArea)), int64(proofArea)*1000+900+int64(n)
		w.d.Exec(w.t, `insert into person (id, name) values ($1, 'test')`, person)
		w.d.Exec(w.t, `insert into officer (login, person_id, organisation_id, password_hash, created_at)
			select $1, $2, id, '', now() from organisation where area = $3 and kind = $4`, login, person, int32(proofArea),
			string(o.in))
		w.d.Exec(w.t, `insert into duty_grant (login, duty, granted_at) values ($1, $2, '2009-09-01')`, login, string(o.duty))
		w.books.Officers[o.login] = approval.Officer{
			Login: login, Person: person, Organisation: o.in, Area: proofArea, Region: 0, Duties: []approval.Duty{o.duty},
		}
	}
}

// payMarch pays March: asked for, screened twice, sent on the 18th and answered on
// pay day.
func (w *proofWorld) payMarch() {
	w.t.Helper()
	// The notice comes when the year was withheld.
	w.d.Exec(w.t, `insert into death_notice (area, id, member_id, died_on, source, document, entered_by, entered_at) values
		(610305, 7101, 1008, '2011-02-10', 'civil affairs', 'list', 'test', now() - interval '1 day')`)
	w.endHold(7205, true)
	w.endHold(7204, false)
	w.fundMarch()
	first := w.submitRun(disbursement.Regular, "2011-03")
	w.approveRun(first.Run)
	w.d.Exec(w.t, `insert into payment_hold (area, id, member_id, reason, from_month, opened_by, opened_at) values
		(610305, 7210, 1012, 'investigation', '2011-03-01', 'test', now())`)
	second := w.release(first.Run).Successor
	w.approveRun(second.Run)
	sent := w.release(second.Run).Batches
	cleared, direct, lump := sent[0], sent[1], sent[2]
	if direct.Bank != "psbc" || lump.Bank != "rcc" {
		w.t.Fatalf("batches are %+v", sent)
	}
	w.receive(direct)
	w.receive(lump)

	w.today = calendar.MustDay("2011-03-25")
	p := w.payments(direct)
	w.giveBack("psbc", returned(p[4], "N6"), disbursement.Return{ //nolint:exhaustruct // of nothing
		Item: 99, Amount: 1, BankReference: "N99", ValueDate: w.today,
	})
	// 1001 to 1003, 1005, 1006 in this order.
	w.answerPayments(direct, paidOut(p[0]), paidOut(p[1]), refusedOut(p[2], "AC04"), paidOut(p[4]),
		bank.Answer{Item: p[3].ID, Outcome: bank.OutcomePending}) //nolint:exhaustruct // not yet
	w.answerPayments(direct, paidOut(p[0]), refusedOut(p[1], "AC04"), paidOut(p[3]))
	p = w.payments(lump)
	w.uploadAnswers(lump, fmt.Sprintf("%d succeeded %s -\n%d failed %s AC04\n%d succeeded %s -\nend\n",
		p[0].ID, p[0].Sum(), p[1].ID, p[1].Sum(), p[2].ID, p[2].Sum()))
	w.answerPayments(lump, paidOut(p[1]))
	w.giveBack("rcc", returned(p[2], "N15"))
	w.giveBack("rcc", returned(p[2], "N15"))

	w.today = calendar.MustDay("2011-03-30")
	w.must(w.payout.WatchAnswers(w.t.Context(), w.today))
	p = w.payments(cleared)
	w.answerPayments(cleared, paidOut(p[0]))
	proved := paidOut(p[1])
	w.decideCase("items/{id}/evidence", casework.Ask{ //nolint:exhaustruct // a success
		Kind: casework.Item, Subject: p[1].ID, Word: casework.Succeeded, BankReference: proved.BankReference,
		ValueDate: w.today,
	})
	w.work()
	w.decideCase("cases/{id}/resolution", casework.Ask{ //nolint:exhaustruct // a case
		Kind: casework.Case, Word: casework.Settled, Reason: "no payment of ours",
		Subject: w.theID(`select min(id) from exception_case where kind = 'return_refused'`),
	})
	w.decideCase("quarantine/{id}/decision", casework.Ask{ //nolint:exhaustruct // a file
		Kind: casework.File, Word: casework.Accept, Subject: w.theID(`select min(id) from receipt where state = 'quarantined'`),
	})
	w.work()
	w.unclaim(`select max(id) from payment_return`)
}

// reconcileMarch matches the month of the account that pensions are paid from: what
// came, one list and one return are named, and a list is not.
func (w *proofWorld) reconcileMarch(days *calendar.WorkingDays) {
	w.t.Helper()
	account := w.books.Accounts[ledger.Expenditure]
	w.statementOf(account, "2011-03-01", "2011-03-31", 10_000, 39_000, "20000 8000 1000", "5200 2000")
	for line, sql := range map[int]string{
		1: `value_date = '2011-03-18'`, 2: `value_date = '2011-03-18'`,
		3: `end_to_end_id = (select item_id::text from payment_return where bank_reference = 'N6')`,
		4: `batch_ref = (select b.batch_no from payment_batch b join payment_return v on v.batch_id = b.id
			where v.bank_reference = 'N6')`,
	} {
		w.d.Exec(w.t, `update statement_line set `+sql+` where fund_account = $1 and line = $2`, account, line)
	}
	proof := reconcile.New(reconcile.Parts{
		Store: w.db.Reconcile(), Decoder: nil, Days: days, Today: func() calendar.Day { return w.today },
	})
	w.must(proof.Match(w.t.Context(), reconcile.Account{Area: proofArea, ID: account}))
}

// payApril pays again what came back and failed, calls a run back, and leaves one
// before its release.
func (w *proofWorld) payApril() {
	w.t.Helper()
	w.changeAccount(2003, "6100990003", true)
	w.changeAccount(2006, "6100990006", true)
	w.changeAccount(2001, "6100990001", false)
	again := w.submitRun(disbursement.Reissue, "2011-04")
	w.approveRun(again.Run)
	b := w.release(again.Run).Batches[0]
	p := w.payments(b)
	w.answerPayments(b, paidOut(p[0]), paidOut(p[1]))
	w.payByHand(p[1], "CASH-7")
	w.giveBack("psbc", returned(p[1], "N21"))

	w.endHold(7204, true)
	late := w.submitRun(disbursement.Supplementary, "2011-03")
	w.approveRun(late.Run)
	b = w.release(late.Run).Batches[0]
	_, err := w.payout.Recall(w.t.Context(), w.request("disbursement-batches/{id}/recall"), w.render(nil),
		w.books.Officers["finance-releaser"], b.ID, "wrong list")
	w.must(err)

	refused := w.submitRun(disbursement.Supplementary, "2011-03")
	_, err = w.payout.Reject(w.t.Context(), w.request("pay-runs/{id}/reject"), w.render(nil),
		w.books.Officers["business-checker"], disbursement.Verdict{Run: refused.Run.ID, Digest: refused.Run.Digest, Reason: "no"})
	w.must(err)
	w.approveRun(w.submitRun(disbursement.Regular, "2011-04").Run)
	_, err = w.payout.Draft(w.t.Context(), w.request("pay-runs"), w.render(nil), w.books.Officers["business-maker"],
		order(disbursement.Supplementary, "2011-03"))
	w.must(err)
	_, err = w.payout.MakeRoster(w.t.Context(), w.request("rosters"), w.render(nil), w.books.Officers["business-maker"],
		order(disbursement.Supplementary, "2011-03"))
	w.must(err)
}

func order(kind disbursement.Kind, month string) disbursement.Order {
	return disbursement.Order{Scheme: ledger.Rural, Month: calendar.MustMonth(month), Kind: kind}
}

// fundMarch asks for the money of March and has it allocated to both accounts.
func (w *proofWorld) fundMarch() {
	w.t.Helper()
	var asked fundtransfer.Request
	_, err := w.transfer.Request(w.t.Context(), w.request("fund-transfers"),
		w.render(func(v any) { asked = as[fundtransfer.Request](v) }), w.books.Officers["finance-maker"], fundtransfer.Ask{
			Account: w.books.Accounts[ledger.Expenditure], Month: calendar.MustMonth("2011-03"), Amount: 9_000,
			NeededBy: calendar.MustDay("2011-03-22"), Document: "form 5",
		})
	w.must(err)
	for account, amount := range map[int64]money.Amount{asked.Account: 8_000, 15: 5_000} {
		i := fundtransfer.Instruction{ //nolint:exhaustruct // an allocation
			Kind: ledger.Allocation, From: w.books.Accounts[ledger.FiscalSpecial], To: account, Amount: amount,
		}
		if account == asked.Account {
			i.Request = asked.ID
		}
		w.move("bureau", i)
	}
}

func (w *proofWorld) endHold(hold int64, approve bool) {
	w.t.Helper()
	var h registry.Hold
	_, err := w.registry.AskRelease(w.t.Context(), w.request("holds/{id}/release"),
		w.render(func(v any) { h = as[registry.Hold](v) }), w.books.Officers["business-maker"], hold, "letter")
	w.must(err)
	decide, route := w.registry.RejectRelease, "holds/{id}/release/reject"
	if approve {
		decide, route = w.registry.ApproveRelease, "holds/{id}/release/approve"
	}
	_, err = decide(w.t.Context(), w.request(route), w.render(nil), w.books.Officers["business-checker"], hold,
		registry.Verdict{Digest: h.Release.Digest, Reason: ""})
	w.must(err)
}

func (w *proofWorld) changeAccount(instrument int64, number string, approve bool) {
	w.t.Helper()
	_, _, account := party.Stored("", "", number)
	var c registry.Change
	_, err := w.registry.AskChange(w.t.Context(), w.request("instruments/{id}/change"),
		w.render(func(v any) { c = as[registry.Change](v) }), w.books.Officers["business-maker"], instrument,
		registry.NewAccount{
			Bank: "psbc", Kind: registry.Passbook, AccountNo: account, BankNo: "", Activated: true, Document: "passbook",
		})
	w.must(err)
	if !approve {
		return
	}
	_, err = w.registry.ApproveChange(w.t.Context(), w.request("instruments/{id}/change/approve"), w.render(nil),
		w.books.Officers["business-checker"], instrument, registry.ChangeVerdict{ //nolint:exhaustruct // not typed again
			Verdict: registry.Verdict{Digest: c.Digest, Reason: ""},
		})
	w.must(err)
}

func (w *proofWorld) submitRun(kind disbursement.Kind, month string) disbursement.Submitted {
	w.t.Helper()
	var d disbursement.Drafted
	_, err := w.payout.Draft(w.t.Context(), w.request("pay-runs"), w.render(func(v any) { d = as[disbursement.Drafted](v) }),
		w.books.Officers["business-maker"], order(kind, month))
	w.must(err)
	var s disbursement.Submitted
	_, err = w.payout.Submit(w.t.Context(), w.request("pay-runs/{id}/submit"),
		w.render(func(v any) { s = as[disbursement.Submitted](v) }), w.books.Officers["business-maker"], d.Run.ID)
	w.must(err)
	return s
}

func (w *proofWorld) approveRun(r disbursement.Run) {
	w.t.Helper()
	_, err := w.payout.Approve(w.t.Context(), w.request("pay-runs/{id}/approve"), w.render(nil),
		w.books.Officers["business-checker"], disbursement.Verdict{Run: r.ID, Digest: r.Digest, Reason: ""})
	w.must(err)
}

func (w *proofWorld) release(r disbursement.Run) disbursement.ReleaseResult {
	w.t.Helper()
	var out disbursement.ReleaseResult
	_, err := w.payout.Release(w.t.Context(), w.request("pay-runs/{id}/release"),
		w.render(func(v any) { out = as[disbursement.ReleaseResult](v) }), w.books.Officers["finance-releaser"],
		disbursement.Verdict{Run: r.ID, Digest: r.Digest, Reason: ""})
	w.must(err)
	return out
}

// requestOf is a request that a bank makes.
func (w *proofWorld) requestOf(bankCode, route string) once.Request {
	r := w.request(route)
	r.Caller = "bank:" + bankCode
	return r
}

func (w *proofWorld) receive(b disbursement.Batch) {
	w.t.Helper()
	_, err := w.payout.Acknowledge(w.t.Context(), w.requestOf(b.Bank, "disbursement-batches/{id}/acknowledgement"),
		w.render(nil), proofArea, bank.Caller{Code: b.Bank, KeyID: ""}, b.ID, disbursement.Acknowledgement{
			Count: b.Count, Amount: b.Amount, Digest: hex.EncodeToString(b.Digest[:]),
		})
	w.must(err)
}

func (w *proofWorld) payments(b disbursement.Batch) []disbursement.Item {
	w.t.Helper()
	var out []disbursement.Item
	w.must(w.payout.EachItem(w.t.Context(), b, func(i disbursement.Item) error {
		out = append(out, i)
		return nil
	}))
	return out
}

func paidOut(i disbursement.Item) bank.Answer {
	amount := i.Sum()
	return bank.Answer{ //nolint:exhaustruct // a plain success; the value date is the day it came
		Item: i.ID, Outcome: bank.OutcomeSucceeded, Amount: &amount, BankReference: fmt.Sprintf("P%d", i.ID), Code: "0000",
	}
}

func refusedOut(i disbursement.Item, code string) bank.Answer {
	return bank.Answer{Item: i.ID, Outcome: bank.OutcomeFailed, Code: code} //nolint:exhaustruct // a plain failure
}

func (w *proofWorld) answerPayments(b disbursement.Batch, answers ...bank.Answer) {
	w.t.Helper()
	rep := disbursement.Report{Count: len(answers), Amount: 0, Answers: answers}
	for i := range answers {
		answers[i].Line = i + 1
		if answers[i].Amount != nil {
			rep.Amount += *answers[i].Amount
		}
	}
	_, err := w.payout.Results(w.t.Context(), w.requestOf(b.Bank, "disbursement-batches/{id}/results"), w.render(nil),
		proofArea, bank.Caller{Code: b.Bank, KeyID: ""}, b.ID, rep)
	w.must(err)
}

func (w *proofWorld) uploadAnswers(b disbursement.Batch, body string) {
	w.t.Helper()
	_, err := w.intake.Receive(w.t.Context(), w.requestOf(b.Bank, "disbursement-batches/{id}/result-file"), w.render(nil),
		bank.Receipt{ //nolint:exhaustruct // what an upload says
			Area: proofArea, Bank: b.Bank, Kind: bank.ReceiptPaymentResultFile, Subject: b.ID, Name: "paid.txt",
			ReceivedBy: "bank:" + b.Bank,
		}, bytes.NewReader([]byte(body)), func([32]byte) error { return nil })
	w.must(err)
	w.work()
}

func returned(i disbursement.Item, reference string) disbursement.Return {
	return disbursement.Return{ //nolint:exhaustruct // the day is put in when it is told
		Item: i.ID, Amount: i.Sum(), BankReference: reference, Code: "AC04",
	}
}

func (w *proofWorld) giveBack(bankCode string, lines ...disbursement.Return) {
	w.t.Helper()
	rep := disbursement.ReturnReport{Count: len(lines), Amount: 0, Returns: lines}
	for i := range lines {
		lines[i].ValueDate = w.today
		rep.Amount += lines[i].Amount
	}
	_, err := w.payout.Returns(w.t.Context(), w.requestOf(bankCode, "returns"), w.render(nil), proofArea,
		bank.Caller{Code: bankCode, KeyID: ""}, rep)
	w.must(err)
}

// decideCase has two people of the business desk agree.
func (w *proofWorld) decideCase(route string, a casework.Ask) {
	w.t.Helper()
	desk := casework.New(w.db.Casework(), func() calendar.Day { return w.today })
	a.Document = "letter of the bank"
	var r casework.Request
	_, err := desk.Ask(w.t.Context(), w.request(route), w.render(func(v any) { r = as[casework.Request](v) }),
		w.books.Officers["business-maker"], a)
	w.must(err)
	w.approveCase(w.books.Officers["business-checker"], r.ID, r.Digest)
}

// payByHand has two people of the finance office say that a payment was made again by hand.
func (w *proofWorld) payByHand(i disbursement.Item, reference string) {
	w.t.Helper()
	desk := casework.New(w.db.Casework(), func() calendar.Day { return w.today })
	var r casework.Request
	_, err := desk.Ask(w.t.Context(), w.request("items/{id}/paid-by-hand"),
		w.render(func(v any) { r = as[casework.Request](v) }), w.books.Officers["finance-maker"], casework.Ask{ //nolint:exhaustruct // a payment
			Kind: casework.HandPayment, Subject: i.ID, Word: casework.Entered, Document: "slip 7", BankReference: reference,
			ValueDate: w.today,
		})
	w.must(err)
	w.approveCase(w.books.Officers["finance-checker"], r.ID, r.Digest)
}

func (w *proofWorld) approveCase(by approval.Officer, id int64, digest [sha256.Size]byte) {
	w.t.Helper()
	desk := casework.New(w.db.Casework(), func() calendar.Day { return w.today })
	_, err := desk.Approve(w.t.Context(), w.request("decisions/{id}/approve"), w.render(nil), by,
		casework.Verdict{ID: id, Digest: digest, Reason: ""})
	w.must(err)
}

// theID asks for one id.
func (w *proofWorld) theID(sql string) (id int64) {
	w.t.Helper()
	c, err := pgx.Connect(w.t.Context(), w.d.OwnerURL)
	w.must(err)
	defer c.Close(w.t.Context()) //nolint:errcheck // a connection of the test
	w.must(c.QueryRow(w.t.Context(), sql).Scan(&id))
	return id
}

func (w *proofWorld) unclaim(which string) {
	w.t.Helper()
	var id int64
	w.ask(which, &id)
	w.decideCase("returns/{id}/unclaimed", casework.Ask{ //nolint:exhaustruct // a return
		Kind: casework.Return, Subject: id, Word: casework.Unclaimed,
	})
}

func (proofFormat) CheckPayment(disbursement.Partner, disbursement.Payee) error { return nil }

func (proofFormat) PaymentRows(disbursement.Partner) int { return 0 }

func (proofFormat) PaymentFileName(_ disbursement.Partner, b disbursement.Batch) string {
	return "P" + b.Number + ".TXT"
}

func (proofFormat) WritePayment(
	w io.Writer, p disbursement.Partner, b disbursement.Batch, items func(yield func(disbursement.Item) error) error,
) error {
	_, err := fmt.Fprintf(w, "%s|%s|%s|%s\n", p.Code, b.Number, b.PayDay, b.AccountNo)
	if err != nil {
		return err
	}
	return items(func(i disbursement.Item) error {
		_, err := fmt.Fprintf(w, "%d|%d|%s|%s|%s|%s|%s|%s\n", i.Seq, i.ID, i.SocialNo, i.Name.Plain(), i.IDNumber.Plain(),
			i.Sum(), i.Account.Plain(), i.Region)
		return err
	})
}

func (f proofFormat) ReadPaymentResults(
	ctx context.Context, _ disbursement.Partner, r bank.Receipt, body io.Reader, emit bank.Emit,
) error {
	return f.ReadResults(ctx, collection.Partner{}, r, body, emit) //nolint:exhaustruct // the format needs none
}
