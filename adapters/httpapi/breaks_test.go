package httpapi_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"twoline/adapters/httpapi"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/reconcile"
)

type sentBreak struct {
	ID, Reason, Amount, Owner, Closed string
	Class, Days                       int
	Overdue                           bool
	DueOn                             string `json:"due_on"`
	MoneyDays                         string `json:"money_days"`
	Notes                             []struct{ Text, By string }
	Attachments                       []struct{ ID, Name, Digest string }
	Letters                           []struct{ Number string }
	Resolutions                       []sentResolution
	Proposals                         []sentProposal
}

type sentProposal struct {
	Proposal, Kind string
	Other          string `json:"other_break"`
}

type sentResolution struct {
	ID, Proposal, Digest, Status, Kind, Maker string
	Other                                     string `json:"other_break"`
	Requests                                  []struct{ Kind, ID string }
	Decisions                                 []struct{ Duty, Decision, By string }
}

// brokenHouse is a fund whose bank shows three lines that the book does not have.
type brokenHouse struct {
	*fundHouse

	special string
	// send has the bank send a statement for a day, and takes it in.
	send func(t *testing.T, date, body string)
	run  func()
	// byRef finds the open break of an amount.
	byAmount func(t *testing.T, amount string) string
}

func openBroken(t *testing.T) *brokenHouse {
	t.Helper()
	return openBrokenOn(t, testToday)
}

func openBrokenOn(t *testing.T, today func() calendar.Day) *brokenHouse {
	t.Helper()
	var proof *reconcile.Service
	h := openFundWith(t, setup{today: today, deps: func(d *httpapi.Dependencies) { proof = d.Reconcile }})
	b := &brokenHouse{fundHouse: h, special: h.account(ledger.FiscalSpecial), send: nil, run: nil, byAmount: nil}
	made := read[sentTransfer](t, h.post("bureau-maker", "/v1/fund-transfers", `{"kind":"subsidy","to_account":"`+b.special+
		`","amount":"1568000.00","purpose":"unspecified","effective_on":"2018-06-04","document":"centre","bank_reference":"T1"}`, 201, ""))
	h.post("bureau-checker", "/v1/fund-transfers/"+made.ID+"/approve", `{"digest":"`+made.Digest+`"}`, 200, "")
	b.send = func(t *testing.T, date, body string) {
		t.Helper()
		res := h.expect(request{
			method: "PUT", path: "/v1/statements/" + b.special + "/" + date, bank: "psbc-1", upload: true, key: "statement-" + date,
			contentType: "text/plain", body: body,
		}, 202, "")
		var id int64
		if _, err := fmt.Sscan(read[struct{ ID string }](t, res).ID, &id); err != nil {
			t.Fatal(err)
		}
		if err := proof.TakeIn(context.Background(), 610304, id); err != nil {
			t.Fatal(err)
		}
	}
	b.send(t, "2018-06-05", "statement 961030401rural 2018-05-01 2018-06-05 0.00 1553531.50\n"+
		"credit 1568000.00 2018-06-04 T1 省财政厅 6217000000000000017\ndebit 15000.00 2018-06-04 X9\n"+
		"credit 31.50 2018-06-05 Q7\ncredit 500.00 2018-06-01 U5\n")
	b.run = func() {
		h.post("finance-maker", "/v1/reconciliations/"+b.special+"/2018-06-05/run", "", 200, "")
	}
	b.byAmount = func(t *testing.T, amount string) string {
		t.Helper()
		var page struct{ Items []sentBreak }
		h.get("auditor", "/v1/breaks", &page)
		for _, k := range page.Items {
			if k.Amount == amount {
				return k.ID
			}
		}
		return ""
	}
	b.run()
	return b
}

func TestTheWorkOnABreakOverHTTP(t *testing.T) {
	t.Parallel()
	h := openBroken(t)
	var page struct {
		Items      []sentBreak
		NextCursor string `json:"next_cursor"`
	}
	// 15000.00 is a day old, 500.00 four days, 31.50 none: the order is by money times days.
	h.get("auditor", "/v1/breaks?limit=2", &page)
	if len(page.Items) != 2 || page.Items[0].MoneyDays != "15000.00" || page.Items[1].MoneyDays != "2000.00" ||
		page.NextCursor == "" || page.Items[0].DueOn != "2018-06-06" || page.Items[1].DueOn != "2018-06-08" {
		t.Fatalf("the first page is %+v", page)
	}
	debit := page.Items[0].ID
	h.get("business-maker", "/v1/breaks?limit=2&cursor="+page.NextCursor, &page)
	if len(page.Items) != 1 || page.Items[0].Amount != "31.50" {
		t.Errorf("the second page is %+v", page)
	}
	h.get("auditor", "/v1/breaks?min_amount=500.00&class=4&sort=id", &page)
	if len(page.Items) != 2 {
		t.Errorf("from 500.00 on there are %+v", page.Items)
	}
	h.get("auditor", "/v1/breaks?overdue=true", &page)
	if len(page.Items) != 0 {
		t.Errorf("overdue are %+v", page.Items)
	}
	h.expect(request{method: "GET", path: "/v1/breaks?cursor=x", token: h.tokens["auditor"]}, 400, "")

	path := "/v1/breaks/" + debit
	h.post("business-maker", path+"/owner", `{}`, 403, "duty_conflict")
	h.post("auditor", path+"/notes", `{"text":"x"}`, 403, "duty_conflict")
	h.post("finance-maker", path+"/owner", `{"owner":"`+h.books.Officers["finance-checker"].Login+`"}`, 403, "duty_conflict")
	h.post("finance-checker", path+"/owner", `{"owner":"`+h.books.Officers["business-maker"].Login+`"}`, 422, "break_owner")
	owned := read[sentBreak](t, h.post("finance-maker", path+"/owner", `{}`, 200, ""))
	if owned.Owner != h.books.Officers["finance-maker"].Login {
		t.Errorf("the owner is %q", owned.Owner)
	}
	h.get("auditor", "/v1/breaks?owner="+owned.Owner, &page)
	if len(page.Items) != 1 || page.Items[0].ID != debit {
		t.Errorf("owned are %+v", page.Items)
	}
	h.post("finance-maker", path+"/notes", `{"text":"电话问过银行,无指令"}`, 201, "")
	h.post("finance-maker", path+"/due", `{"due_on":"2018-06-20","reason":"x"}`, 403, "duty_conflict")
	h.post("finance-checker", path+"/due", `{"due_on":"2018-06-04","reason":"x"}`, 400, "break_work_invalid")
	h.post("finance-checker", path+"/due", `{"due_on":"2018-06-20","reason":"银行查询中"}`, 200, "")
	h.attachments(t, path)

	var shown sentBreak
	h.get("auditor", path, &shown)
	if shown.DueOn != "2018-06-20" || len(shown.Notes) != 1 || shown.Notes[0].Text != "电话问过银行,无指令" ||
		len(shown.Attachments) != 1 || len(shown.Proposals) != 2 || shown.Proposals[0].Proposal != "claim" {
		t.Errorf("the break is %+v", shown)
	}
	h.expect(request{method: "GET", path: "/v1/breaks/7", token: h.tokens["auditor"]}, 404, "break_not_found")
	h.post("finance-maker", "/v1/breaks/7/notes", `{"text":"x"}`, 404, "break_not_found")
}

// attachments takes papers that are what they say, and gives them back as they were.
func (h *brokenHouse) attachments(t *testing.T, path string) {
	t.Helper()
	attach := func(body, query string, status int, code string) response {
		t.Helper()
		h.keys++
		return h.expect(request{
			method: "PUT", path: path + "/attachments?" + query, body: body, token: h.tokens["finance-maker"], upload: true,
			key: fmt.Sprintf("attach-%04d", h.keys), contentType: "application/octet-stream",
		}, status, code)
	}
	attach("<html>", "name=a.html&media_type=application/pdf", 422, "attachment_type")
	attach("x", "name=a.html&media_type=text/html", 400, "")
	attach("", "name=a.txt&media_type=text/plain", 400, "digest_required")
	attach(strings.Repeat("x", reconcile.MaxAttachment+1), "name=a.txt&media_type=text/plain", 422, "attachment_size")
	attach("x", "name=..%2Fa.txt&media_type=text/plain", 400, "break_work_invalid")
	paper := "%PDF-1.7\n" + strings.Repeat("信", 500_000)
	kept := read[struct{ ID, Digest string }](t, attach(paper, "name=%E5%87%BD.pdf", 201, ""))
	sum := sha256.Sum256([]byte(paper))
	if kept.Digest != hex.EncodeToString(sum[:]) {
		t.Errorf("the digest is %s", kept.Digest)
	}
	got := h.expect(request{method: "GET", path: path + "/attachments/" + kept.ID, token: h.tokens["auditor"]}, 200, "")
	if got.body != paper || got.header.Get("X-Content-Type-Options") != "nosniff" ||
		!strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") ||
		got.header.Get("Content-Type") != "application/pdf" {
		t.Errorf("%d bytes came back with %v", len(got.body), got.header)
	}
	h.expect(request{method: "GET", path: path + "/attachments/7", token: h.tokens["auditor"]}, 404, "attachment_not_found")
}

// Interest that the bank paid is booked by the flow of transfers, an unknown credit goes
// to suspense, an unknown debit is claimed: each by two people, each by the front door.
func TestResolutionsEnterByTheFrontDoor(t *testing.T) {
	t.Parallel()
	h := openBroken(t)
	interest := "/v1/breaks/" + h.byAmount(t, "31.50") + "/resolution"
	body := `{"proposal":"book","kind":"interest","document":"结息单2018-06"}`
	h.post("auditor", interest, body, 403, "duty_conflict")
	h.post("business-maker", interest, body, 403, "duty_conflict")
	// The flow's own rule: the bureau books interest on the fiscal special account.
	h.post("finance-maker", interest, body, 403, "duty_conflict")
	h.post("bureau-maker", interest, strings.Replace(body, "interest", "allocation", 1), 422, "two_line_violation")
	made := read[sentResolution](t, h.post("bureau-maker", interest, body, 201, ""))
	h.post("bureau-maker", interest, body, 409, "resolution_open")
	h.post("bureau-maker", interest+"/approve", digestBody(made.Digest), 403, "duty_conflict")
	h.post("bureau-checker", interest+"/approve", digestBody(strings.Repeat("0", 64)), 409, "digest_differs")
	if n := h.count(`select count(*) from fund_transfer where state = 'submitted'`); n != 0 {
		t.Errorf("%d transfers are asked for before anybody approved", n)
	}
	done := read[sentResolution](t, h.post("finance-checker", interest+"/approve", digestBody(made.Digest), 200, ""))
	if done.Status != "approved" || len(done.Requests) != 1 || done.Requests[0].Kind != "fund_transfer" {
		t.Fatalf("approved %+v", done)
	}
	h.post("bureau-checker", interest+"/approve", digestBody(made.Digest), 409, "already_decided")
	var transfer sentTransfer
	h.get("auditor", "/v1/fund-transfers/"+done.Requests[0].ID, &transfer)
	if transfer.Status != "submitted" || transfer.Amount != "31.50" {
		t.Errorf("the transfer is %+v", transfer)
	}
	h.post("bureau-checker", "/v1/fund-transfers/"+transfer.ID+"/approve", digestBody(transfer.Digest), 200, "")
	h.run()
	if id := h.byAmount(t, "31.50"); id != "" {
		t.Error("the interest is booked, and its break is open")
	}
	h.post("bureau-maker", interest, body, 409, "break_closed")

	unknown := "/v1/breaks/" + h.byAmount(t, "500.00") + "/resolution"
	body = `{"proposal":"suspense","document":"回单U5"}`
	made = read[sentResolution](t, h.post("finance-maker", unknown, body, 201, ""))
	// A second login of the same person is the same person.
	h.post("finance-second", unknown+"/approve", digestBody(made.Digest), 403, "same_person")
	h.post("finance-checker", unknown+"/reject", `{"digest":"`+made.Digest+`","reason":"再问"}`, 200, "")
	if n := h.count(`select count(*) from arrival`); n != 0 {
		t.Errorf("%d arrivals after a rejection", n)
	}
	made = read[sentResolution](t, h.post("finance-maker", unknown, body, 201, ""))
	if made.Status != "submitted" {
		t.Errorf("proposed anew %+v", made)
	}
	h.post("bureau-checker", unknown+"/withdraw", "", 403, "duty_conflict")
	h.post("finance-second", unknown+"/withdraw", "", 200, "")
	made = read[sentResolution](t, h.post("finance-maker", unknown, body, 201, ""))
	done = read[sentResolution](t, h.post("finance-checker", unknown+"/approve", digestBody(made.Digest), 200, ""))
	if done.Requests[0].Kind != "arrival" || h.count(`select count(*) from arrival_suspense`) != 1 {
		t.Errorf("approved %+v", done)
	}
	h.run()
	if id := h.byAmount(t, "500.00"); id != "" {
		t.Error("the credit is in suspense, and its break is open")
	}
	if n := h.count(`select sum(case when (side = 'debit') <> red then amount else -amount end)::bigint from posting
		where role = 'suspense'`); n != -50_000 {
		t.Errorf("suspense holds %d fen", n)
	}

	var list struct{ Items []sentResolution }
	h.get("auditor", unknown, &list)
	if len(list.Items) != 3 || list.Items[0].Status != "rejected" || list.Items[1].Status != "withdrawn" ||
		list.Items[2].Status != "approved" || list.Items[2].Decisions[0].By != h.books.Officers["finance-checker"].Login {
		t.Errorf("what was proposed: %+v", list.Items)
	}
}

// What the bank took wrongly and gave back under another reference is offset by two
// people: both breaks end, in a match that says by whom, and nothing is booked.
func TestAnOffsetOverHTTP(t *testing.T) {
	t.Parallel()
	h := openBrokenOn(t, func() calendar.Day { return calendar.MustDay("2018-06-06") })
	h.send(t, "2018-06-06", "statement 961030401rural 2018-06-06 2018-06-06 1553531.50 1568531.50\ncredit 15000.00 2018-06-06 Z1\n")
	runs := "/v1/reconciliations/" + h.special + "/2018-06-06/run"
	h.post("finance-maker", runs, "", 200, "")
	var open struct{ Items []sentBreak }
	h.get("auditor", "/v1/breaks?min_amount=15000.00", &open)
	if len(open.Items) != 2 {
		t.Fatalf("open are %+v", open.Items)
	}
	taken, given := open.Items[0].ID, open.Items[1].ID
	path := "/v1/breaks/" + taken + "/resolution"
	var shown sentBreak
	h.get("auditor", "/v1/breaks/"+taken, &shown)
	if !slices.ContainsFunc(shown.Proposals, func(p sentProposal) bool { return p.Proposal == "offset" && p.Other == given }) {
		t.Errorf("proposed are %+v", shown.Proposals)
	}
	body := `{"proposal":"offset","other_break":"` + given + `","document":"银行更正函7"}`
	h.post("auditor", path, body, 403, "duty_conflict")
	h.post("business-maker", path, body, 403, "duty_conflict")
	h.post("finance-maker", path, `{"proposal":"offset","document":"x"}`, 400, "break_work_invalid")
	h.post("finance-maker", path, `{"proposal":"offset","other_break":"`+taken+`","document":"x"}`, 422, "resolution_unfit")
	h.post("finance-maker", path, `{"proposal":"offset","other_break":"`+h.byAmount(t, "500.00")+`","document":"x"}`, 422, "resolution_unfit")
	h.post("finance-maker", path, `{"proposal":"offset","other_break":"7","document":"x"}`, 404, "break_not_found")
	made := read[sentResolution](t, h.post("finance-maker", path, body, 201, ""))
	if made.Proposal != "offset" || made.Other != given || made.Status != "submitted" {
		t.Errorf("proposed %+v", made)
	}
	h.post("finance-maker", path+"/approve", digestBody(made.Digest), 403, "duty_conflict")
	h.post("finance-second", path+"/approve", digestBody(made.Digest), 403, "same_person")
	entries := h.count(`select count(*) from entry`)
	done := read[sentResolution](t, h.post("finance-checker", path+"/approve", digestBody(made.Digest), 200, ""))
	if done.Status != "approved" || len(done.Requests) != 1 || done.Requests[0].Kind != "match" {
		t.Fatalf("approved %+v", done)
	}
	h.post("finance-maker", runs, "", 200, "")
	h.get("auditor", "/v1/breaks?min_amount=15000.00", &open)
	if len(open.Items) != 0 || h.count(`select count(*) from entry`) != entries {
		t.Errorf("still open are %+v", open.Items)
	}
	var list shownMatches
	h.get("auditor", "/v1/reconciliations/"+h.special+"/2018-06-06/matches?rule=offset_by_officers", &list)
	if len(list.Items) != 1 || list.Items[0].ID != done.Requests[0].ID || list.Items[0].StatementLines != 2 ||
		list.Items[0].BookLines != 0 || list.Items[0].Kind != "many_to_many" || list.Items[0].Evidence == "" {
		t.Errorf("matched %+v", list)
	}
	h.post("finance-maker", "/v1/breaks/"+given+"/resolution", body, 409, "break_closed")
}

func TestAClaimIsALetterThatIsTheSameForEver(t *testing.T) {
	t.Parallel()
	h := openBroken(t)
	id := h.byAmount(t, "15000.00")
	path := "/v1/breaks/" + id
	h.expect(request{method: "GET", path: path + "/letter", token: h.tokens["auditor"]}, 404, "letter_not_found")
	refused := h.post("finance-maker", path+"/resolution", `{"proposal":"write_off","document":"x"}`, 422, "write_off_forbidden")
	if !strings.Contains(refused.body, "0.00") {
		t.Errorf("the refusal does not name the rule's amount: %s", refused.body)
	}
	h.data.Exec(t, `insert into area_rule values (610304, 'write_off_limit', '2018-01-01', '"20000.00"', 'test')`)
	refused = h.post("finance-maker", path+"/resolution", `{"proposal":"write_off","document":"x"}`, 422, "write_off_forbidden")
	if !strings.Contains(refused.body, "1.00 at most") {
		t.Errorf("the refusal does not say what is the most: %s", refused.body)
	}
	h.post("finance-maker", path+"/resolution", `{"proposal":"suspense","document":"x"}`, 422, "resolution_unfit")
	h.post("finance-maker", path+"/resolution", `{"proposal":"reissue","document":"x"}`, 422, "resolution_unfit")
	made := read[sentResolution](t, h.post("finance-maker", path+"/resolution", `{"proposal":"claim","document":"电话记录3"}`, 201, ""))
	// A rehearsal leaves nothing behind.
	if n := h.count(`select count(*) from break_letter`); n != 0 {
		t.Errorf("%d letters before the approval", n)
	}
	h.post("finance-checker", path+"/resolution/approve", digestBody(made.Digest), 200, "")
	var letter struct {
		Number, Wish, Account, Amount string
		AnswerBy                      string `json:"answer_by"`
		Lines                         []struct {
			BankReference string `json:"bank_reference"`
			Amount        string
		}
	}
	h.get("auditor", path+"/letter", &letter)
	if letter.Number != "psbc-2018-0001" || letter.Wish != "refund" || letter.AnswerBy != "2018-06-20" ||
		!strings.HasPrefix(letter.Account, "****") || len(letter.Lines) != 1 || letter.Lines[0].BankReference != "X9" {
		t.Errorf("the letter is %+v", letter)
	}
	var shown sentBreak
	h.get("auditor", path, &shown)
	if shown.DueOn != "2018-06-20" || len(shown.Letters) != 1 {
		t.Errorf("after the claim the break is %+v", shown)
	}
	file := h.printed(t, "finance-maker", path+"/letter?format=csv", csvKind, "letter-psbc-2018-0001.csv")
	rows := tableOf(t, file)
	text := fmt.Sprint(rows)
	for _, want := range []string{"追款函", "psbc-2018-0001", "致:postal", "X9", "2018-06-04", "15000.00", "2018-06-20"} {
		if !strings.Contains(text, want) {
			t.Errorf("the letter does not say %s: %s", want, text)
		}
	}
	if again := h.printed(t, "auditor", path+"/letter?format=csv", csvKind, "letter-psbc-2018-0001.csv"); again != file {
		t.Error("another copy has other bytes")
	}
	for _, path := range []string{path + "/letter", "/v1/reports/break-ageing"} {
		var copies [2]string
		for i := range copies {
			res := h.expect(request{method: "GET", path: path + "?format=pdf", token: h.tokens["auditor"]}, 200, "")
			copies[i] = res.body
		}
		if !strings.HasPrefix(copies[0], "%PDF-") || copies[0] != copies[1] {
			t.Errorf("%s: the pages are not the same bytes twice", path)
		}
	}
	english := h.printed(t, "auditor", path+"/letter?format=csv&lang=en", csvKind, "letter-psbc-2018-0001.csv")
	if !strings.Contains(english, "give back 15000.00") {
		t.Errorf("in English: %s", english)
	}

	var report struct {
		AsOf      string `json:"as_of"`
		Count     int
		Amount    string
		MoneyDays string `json:"money_days"`
		Rows      []struct{ Band, Reason, Amount string }
		Classes   []struct{ Class, Count int }
	}
	h.get("auditor", "/v1/reports/break-ageing", &report)
	if report.AsOf != "2018-06-05" || report.Count != 3 || report.Amount != "15531.50" || report.MoneyDays != "17000.00" ||
		len(report.Rows) != 2 || len(report.Classes) != 8 || report.Classes[1].Count != 1 || report.Classes[4].Count != 3 {
		t.Errorf("the report is %+v", report)
	}
	paper := tableOf(t, h.printed(t, "bureau-maker", "/v1/reports/break-ageing?format=csv&as_of=2018-06-05", csvKind,
		"break-ageing-2018-06-05.csv"))
	if text := fmt.Sprint(paper); !strings.Contains(text, "对账差异账龄表") || !strings.Contains(text, "17000.00") ||
		!strings.Contains(text, "银行有、账上无") {
		t.Errorf("the paper is %s", text)
	}
	h.expect(request{method: "GET", path: "/v1/reports/break-ageing", token: h.tokens["business-maker"]}, 403, "duty_conflict")
}
