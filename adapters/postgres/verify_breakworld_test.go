package postgres_test

import (
	"crypto/sha256"
	"fmt"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fundtransfer"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/reconcile"
)

// workOnBreaks is what officers do about lines of the bank that the book does not have:
// one is claimed by a letter, one waits to be booked, of one the transfer was rejected, of
// one the proposal was, and was made anew.
func (w *proofWorld) workOnBreaks() {
	w.t.Helper()
	days, err := calendar.Official()
	w.must(err)
	proof := reconcile.New(reconcile.Parts{
		Store: w.db.Reconcile(), Decoder: nil, Days: days, Today: func() calendar.Day { return w.today }, Log: nil,
	})
	income := w.books.Accounts[ledger.Income]
	id := func(account int64, direction bank.Direction, amount money.Amount) int64 {
		var out int64
		w.ask(fmt.Sprintf(`select min(b.id) from reconciliation_break b where b.fund_account = %d and b.direction = '%s'
			and b.amount = %d and b.reason = 'absent_in_book'`, account, direction, amount.Fen()), &out)
		return out
	}
	maker, checker := w.books.Officers["finance-maker"], w.books.Officers["finance-checker"]
	propose := func(breakID int64, ask reconcile.Asked) (r reconcile.Resolution) {
		_, err := proof.Propose(w.t.Context(), w.request("breaks/{id}/resolution"),
			w.render(func(v any) { r = as[reconcile.Resolution](v) }), maker, breakID, ask)
		w.must(err)
		return r
	}
	approve := func(r reconcile.Resolution) (done reconcile.Resolution) {
		_, err := proof.ApproveResolution(w.t.Context(), w.request("breaks/{id}/resolution/approve"),
			w.render(func(v any) { done = as[reconcile.Resolution](v) }), checker, r.Break,
			reconcile.Verdict{Digest: r.Digest, Reason: ""})
		w.must(err)
		return done
	}
	claimed := id(w.books.Accounts[ledger.Expenditure], bank.Debit, 2_000)
	_, err = proof.Own(w.t.Context(), w.request("breaks/{id}/owner"), w.render(nil), maker, claimed, "")
	w.must(err)
	_, err = proof.AddNote(w.t.Context(), w.request("breaks/{id}/notes"), w.render(nil), maker, claimed, "asked by telephone")
	w.must(err)
	_, err = proof.Postpone(w.t.Context(), w.request("breaks/{id}/due"), w.render(nil), checker, claimed,
		reconcile.DueChange{DueOn: w.today.AddDays(9), Reason: "the bank looks"}) //nolint:exhaustruct // the service adds who
	w.must(err)
	_, err = proof.Attach(w.t.Context(), w.request("breaks/{id}/attachments"), w.render(nil), maker,
		reconcile.Attachment{Break: claimed, Name: "call.txt", MediaType: "text/plain"}, []byte("a note of the call")) //nolint:exhaustruct // new
	w.must(err)
	approve(propose(claimed, reconcile.Asked{Proposal: reconcile.Claim, Document: "call 3"})) //nolint:exhaustruct // a claim

	interest := reconcile.Asked{Proposal: reconcile.Book, Kind: ledger.InterestReceived, Document: "advice 7"} //nolint:exhaustruct // interest
	approve(propose(id(income, bank.Credit, 20_000), interest))
	given := approve(propose(id(income, bank.Credit, 8_000), interest))
	_, err = w.transfer.Reject(w.t.Context(), w.request("fund-transfers/{id}/reject"), w.render(nil), checker,
		fundtransfer.Verdict{ID: given.Requests[0].ID, Digest: w.transferDigest(given.Requests[0].ID), Reason: "no interest"})
	w.must(err)
	wrong := propose(id(income, bank.Credit, 3_300), interest)
	_, err = proof.RejectResolution(w.t.Context(), w.request("breaks/{id}/resolution/reject"), w.render(nil), checker, wrong.Break,
		reconcile.Verdict{Digest: wrong.Digest, Reason: "ask again"})
	w.must(err)
	propose(wrong.Break, interest)
}

func (w *proofWorld) transferDigest(id int64) (digest [sha256.Size]byte) {
	w.t.Helper()
	var kept []byte
	w.ask(fmt.Sprintf(`select digest from fund_transfer where id = %d`, id), &kept)
	return [sha256.Size]byte(kept)
}

// breakCorruptions are what is done to breaks and the work on them behind the triggers'
// back.
func breakCorruptions() []corruption {
	broken := func(name, sql, row, text string) corruption {
		return corruption{id: "breaks", name: name, sql: []string{sql}, row: row, text: text} //nolint:exhaustruct // of breaks alone
	}
	const claimed = `'610305/break ' || min(break_id) from break_letter`
	return []corruption{
		broken("a break of another reason", `update reconciliation_break set reason = 'bank_charge'
			where id = (select min(break_id) from break_letter)`, claimed, "is not of the lines and the reason"),
		broken("a break of more", `update reconciliation_break set amount = amount + 1
			where id = (select min(break_id) from break_letter)`, claimed, "states a debit of 20.01, and its lines hold -20.00"),
		broken("a break of another day", `update reconciliation_break set day = day - 1
			where id = (select min(break_id) from break_letter)`, claimed, "and its first line of 2011-03-31"),
		broken("a break of another class", `update reconciliation_break set class = 6
			where id = (select min(break_id) from break_letter)`, claimed, "is of class 6 by reason absent_in_book"),
		broken("a break that came again", `update reconciliation_break set round = 2
			where id = (select min(break_id) from break_letter)`, claimed, "is round 2 of its lines, and the database has 1"),
		broken("work under another class", `update break_desk set class = 2
			where break_id = (select min(break_id) from break_letter)`, claimed, "is worked on as class 2"),
		broken("a note about no break", `update break_note set break_id = 5`, `'610305/break 5'`, "has a note, and is nobody's work"),
		broken("an owner who is another person", `update break_owner set owner_person = owner_person + 1`, `'610305/ownership ' || id from break_owner`, "who is another person"),
		broken("another document than was approved", `update break_resolution set document = 'another' where proposal = 'claim'`,
			`'610305/resolution ' || id from break_resolution where proposal = 'claim'`, "no longer has the digest"),
		broken("an approval that nobody gave", `delete from break_approval where resolution_id = (select id from break_resolution
			where state = 'rejected')`, `'610305/resolution ' || id from break_resolution where state = 'rejected'`,
			"is rejected in version 2 after 0 approvals"),
		broken("a line that is free", `update break_booking set live = not live where live`,
			`'610305/line ' || statement_line_id from break_booking where request_id = (select min(request_id) from break_booking)`,
			"against what became of it"),
		broken("a letter about more", `update break_letter set amount = amount + 1`, `'610305/letter ' || id from break_letter`,
			"asks for another amount than its break is of"),
		broken("a letter about a line twice", `insert into break_letter_line select area, letter_id, line + 1, earlier,
			statement_line_id, entry_id, book_line from break_letter_line`, `'610305/letter ' || id from break_letter`,
			"or not all of those that it counts"),
		broken("a paper of another part", `update break_attachment_part set part = 1`, `'610305/attachment ' || id from break_attachment`,
			"is not the bytes that were attached"),
	}
}
