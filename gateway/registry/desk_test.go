package registry_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/fault"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

// office is a settled world whose officers stand in the database: what two people
// decide is decided by who they are there.
type office struct {
	*world

	maker, checker, other, second, finance, financeChecker, stranger approval.Officer
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{world: settled(t)}
	o.maker = o.hire("maker", 1, approval.AgencyBusiness, chencang, approval.Maker)
	o.checker = o.hire("checker", 2, approval.AgencyBusiness, chencang, approval.Checker)
	o.other = o.hire("other", 3, approval.AgencyBusiness, chencang, approval.Checker)
	// The maker's own person under another login, who may check and make.
	o.second = o.hire("second", 1, approval.AgencyBusiness, chencang, approval.Checker, approval.Maker)
	o.finance = o.hire("finance", 4, approval.AgencyFinance, chencang, approval.Maker)
	o.financeChecker = o.hire("financechecker", 5, approval.AgencyFinance, chencang, approval.Checker)
	o.stranger = o.hire("stranger", 6, approval.AgencyBusiness, 320923, approval.Maker, approval.Checker)
	return o
}

func (w *world) hire(
	login string, person int64, in approval.Organisation, area party.Area, duties ...approval.Duty,
) approval.Officer {
	w.t.Helper()
	ctx := context.Background()
	batch := &pgx.Batch{}
	batch.Queue(`insert into person (id, name) values ($1, 'test') on conflict do nothing`, person)
	batch.Queue(`insert into organisation (area, kind, name) values ($1, $2, 'test') on conflict do nothing`, int32(area), in)
	batch.Queue(`insert into officer (login, person_id, organisation_id, password_hash, created_at)
		select $1, $2, id, '', now() from organisation where area = $3 and kind = $4`, login, person, int32(area), in)
	for _, d := range duties {
		batch.Queue(`insert into duty_grant (login, duty, granted_at) values ($1, $2, '2009-09-01')`, login, d)
	}
	if err := w.sql.SendBatch(ctx, batch).Close(); err != nil {
		w.t.Fatal(err)
	}
	return approval.Officer{Login: login, Person: person, Organisation: in, Area: area, Region: 0, Duties: duties}
}

func into[T any](to *T) once.Render {
	return func(v any) (once.Answer, error) {
		got, ok := v.(T)
		if !ok {
			return once.Answer{}, fmt.Errorf("answered %T", v)
		}
		*to = got
		return once.Answer{Status: 200, ContentType: "text/plain", Body: []byte("done"), Replayed: false}, nil
	}
}

func wantCode(t *testing.T, what string, err error, code string) {
	t.Helper()
	if err == nil && code != "" || err != nil && fault.CodeOf(err) != code {
		t.Errorf("%s: %v, want %q", what, err, code)
	}
}

func (o *office) hold() registry.Hold {
	o.t.Helper()
	list, err := o.Holds(context.Background(), o.maker, registry.HoldFilter{})
	if err != nil || len(list) != 1 {
		o.t.Fatalf("holds: %+v, %v", list, err)
	}
	return list[0]
}

func (o *office) ask(by approval.Officer, hold int64, document string) (h registry.Hold, err error) {
	_, err = o.AskRelease(context.Background(), request("officer"), into(&h), by, hold, document)
	return h, err
}

func (o *office) release(by approval.Officer, h registry.Hold) (done registry.Hold, err error) {
	_, err = o.ApproveRelease(context.Background(), request("officer"), into(&done), by, h.ID,
		registry.Verdict{Digest: h.Release.Digest, Reason: ""})
	return done, err
}

func (o *office) keepHeld(by approval.Officer, h registry.Hold) (done registry.Hold, err error) {
	_, err = o.RejectRelease(context.Background(), request("officer"), into(&done), by, h.ID,
		registry.Verdict{Digest: h.Release.Digest, Reason: "no certificate"})
	return done, err
}

func (o *office) takeBack(by approval.Officer, h registry.Hold) (done registry.Hold, err error) {
	_, err = o.WithdrawRelease(context.Background(), request("officer"), into(&done), by, h.ID)
	return done, err
}

func TestAHoldEndsByTwoPeople(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.must(registry.KindHolds, holdsHead+id(0)+",certification_overdue,2011-03,no visit\n")
	h := o.hold()
	if h.Released() || h.Release.ID != 0 || h.Reason != registry.HoldCertification || h.From.String() != "2011-03" ||
		h.Text != "no visit" || h.SocialNo != "SB00000000" || h.Name.Plain() != "王0" {
		t.Fatalf("held: %+v", h)
	}
	_, err := o.release(o.checker, h)
	wantCode(t, "approved before asked", err, "release_not_found")
	for name, by := range map[string]approval.Officer{"finance": o.finance, "a checker": o.checker} {
		_, err := o.ask(by, h.ID, "visit of 9 March")
		wantCode(t, "asked by "+name, err, "duty_conflict")
	}
	_, err = o.ask(o.stranger, h.ID, "visit of 9 March")
	wantCode(t, "asked by another area", err, "hold_not_found")
	for _, document := range []string{"", " x", "a\nb", strings.Repeat("x", 201)} {
		_, err = o.ask(o.maker, h.ID, document)
		wantCode(t, fmt.Sprintf("document %q", document), err, "invalid_field")
	}

	first, err := o.ask(o.maker, h.ID, "visit of 9 March")
	wantCode(t, "asked", err, "")
	_, err = o.ask(o.second, h.ID, "visit of 9 March")
	wantCode(t, "asked twice", err, "release_open")
	for name, tt := range map[string]struct {
		by   approval.Officer
		code string
	}{
		"the maker": {o.maker, "duty_conflict"}, "the maker's other login": {o.second, "same_person"},
		"finance": {o.financeChecker, "duty_conflict"}, "another area": {o.stranger, "hold_not_found"},
	} {
		_, err := o.release(tt.by, first)
		wantCode(t, "approved by "+name, err, tt.code)
		_, err = o.keepHeld(tt.by, first)
		wantCode(t, "rejected by "+name, err, tt.code)
	}
	seen := first
	seen.Release.Digest[0]++
	_, err = o.release(o.checker, seen)
	wantCode(t, "another digest", err, "digest_differs")

	kept, err := o.keepHeld(o.checker, first)
	if err != nil || kept.Released() || kept.Release.State != registry.Rejected {
		t.Errorf("rejected: %+v, %v", kept, err)
	}
	_, err = o.release(o.other, first)
	wantCode(t, "approved after a rejection", err, "already_decided")

	again, err := o.ask(o.maker, h.ID, "certificate 12")
	wantCode(t, "asked again", err, "")
	_, err = o.takeBack(o.checker, again)
	wantCode(t, "withdrawn by another", err, "duty_conflict")
	back, err := o.takeBack(o.second, again)
	if err != nil || back.Release.State != registry.Withdrawn || back.Released() {
		t.Errorf("withdrawn: %+v, %v", back, err)
	}

	last, err := o.ask(o.maker, h.ID, "certificate 13")
	wantCode(t, "asked a third time", err, "")
	done, err := o.release(o.checker, last)
	if err != nil || !done.Released() || done.Release.Version != 2 {
		t.Errorf("released: %+v, %v", done, err)
	}
	_, err = o.ask(o.maker, h.ID, "certificate 14")
	wantCode(t, "asked after the end", err, "hold_released")
	_, err = o.takeBack(o.maker, done)
	wantCode(t, "withdrawn after the end", err, "already_decided")
	for name, f := range map[string]registry.HoldFilter{
		"standing": {Standing: true}, "asked": {Asked: true}, "another reason": {Reason: registry.HoldCourt},
		"a later page": {After: h.ID},
	} {
		if list, err := o.Holds(context.Background(), o.maker, f); err != nil || len(list) != 0 {
			t.Errorf("%s: %+v, %v", name, list, err)
		}
	}
	found, err := o.Hold(context.Background(), o.finance, h.ID)
	if d := cmp.Diff(done, found, cmp.Comparer(party.Name.Equal), cmp.Comparer(sameMonth)); d != "" || err != nil {
		t.Errorf("read again: %v\n%s", err, d)
	}
	if n := o.count(`select count(*) from approval where subject = 'hold_release'`); n != 2 {
		t.Errorf("%d decisions, want 2", n)
	}
}

func sameMonth(a, b calendar.Month) bool { return a == b }

// What ended does not come back by the same file, and is not passed over.
func TestAReleasedHoldAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	file := holdsHead + id(0) + ",court,2011-03,no 12\n"
	o.must(registry.KindHolds, file)
	asked, err := o.ask(o.maker, o.hold().ID, "lifted")
	wantCode(t, "asked", err, "")
	if r, err := o.try(registry.KindHolds, file, registry.Options{}); err != nil || r.Repeated != 1 {
		t.Errorf("while the hold stands: %+v, %v", r, err)
	}
	_, err = o.release(o.checker, asked)
	wantCode(t, "released", err, "")
	r, err := o.try(registry.KindHolds, file, registry.Options{})
	if !errors.Is(err, registry.ErrRefused) || r.Lines[0].Code != "hold_released" || r.Lines[0].Field != "text" {
		t.Errorf("after its end: %+v, %v", r, err)
	}
	o.must(registry.KindHolds, holdsHead+id(0)+",court,2011-03,no 13\n"+id(0)+",court,2011-04,no 12\n")
	if n := o.count(`select count(*) from payment_hold`); n != 3 {
		t.Errorf("%d holds, want 3", n)
	}
}

// Where the code is blind the tables decide: nobody approves their own request,
// and no state moves without its approval.
func TestF88_RequestsOfTheDeskInTheTables(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.must(registry.KindHolds, holdsHead+id(0)+",court,2011-03,no 12\n")
	asked, err := o.ask(o.maker, o.hold().ID, "lifted")
	wantCode(t, "asked", err, "")
	change, err := o.change(o.maker, o.instrument(0), account("psbc", card(70)))
	wantCode(t, "asked", err, "")
	ctx := context.Background()
	app, err := pgx.Connect(ctx, o.db.AppURL)
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close(ctx) //nolint:errcheck // a connection of the test
	for name, tt := range map[string]struct {
		sql, want string
		args      []any
	}{
		"released without an approval": {
			`update hold_release set state = 'approved', version = 2 where id = $1`, "cannot become approved", []any{asked.Release.ID},
		},
		"changed without an approval": {
			`update instrument_change set state = 'approved', version = 2, successor_id = 1 where id = $1`,
			"cannot become approved",
			[]any{change.ID},
		},
		"the maker's own person": {
			`insert into approval (area, subject, subject_id, duty, decision, digest, maker_person, person_id, login,
				decided_at)
			select area, 'instrument_change', id, 'checker', 'approved', digest, maker_person, maker_person, 'second', now()
			from instrument_change where id = $1`, "different_person", []any{change.ID},
		},
		"an approval of another digest": {
			`insert into approval (area, subject, subject_id, duty, decision, digest, maker_person, person_id, login,
				decided_at)
			select area, 'hold_release', id, 'checker', 'approved', sha256('x'), maker_person, 2, 'checker', now()
			from hold_release where id = $1`, "approval_area_hold_release", []any{asked.Release.ID},
		},
		"another account": {
			`update instrument_change set account_no = '12345' where id = $1`, "permission denied", []any{change.ID},
		},
		"another number of the old account": {
			`update instrument set account_no = '12345' where id = $1`, "permission denied", []any{change.Instrument},
		},
		"a hold is removed": {`delete from payment_hold where id = $1`, "", []any{asked.ID}},
	} {
		if _, err := app.Exec(ctx, tt.sql, tt.args...); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}

// A duty taken away after the log-in is gone at the next command.
func TestF91_ADutyOfTheDeskTakenAway(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.must(registry.KindHolds, holdsHead+id(0)+",court,2011-03,no 12\n")
	h, err := o.ask(o.maker, o.hold().ID, "lifted")
	wantCode(t, "asked", err, "")
	o.db.Exec(t, `update duty_grant set revoked_at = now() where login = 'checker'`)
	o.db.Exec(t, `update officer set disabled_at = now() where login = 'maker'`)
	_, err = o.release(o.checker, h)
	wantCode(t, "approved without the duty", err, "duty_conflict")
	_, err = o.takeBack(o.maker, h)
	wantCode(t, "withdrawn by a disabled login", err, "duty_conflict")
	_, err = o.release(o.other, h)
	wantCode(t, "approved", err, "")
}

func TestADeathNoticeTakenBack(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	file := deathsHead + id(0) + ",2011-02-01,civil affairs,list 2\n"
	o.must(registry.KindDeaths, file+id(1)+",2011-02-03,civil affairs,list 2\n")
	ctx := context.Background()
	list, err := o.DeathNotices(ctx, o.finance, 0, 0, 1)
	if err != nil || len(list) != 1 || list[0].SocialNo != "SB00000000" || list[0].Withdrawn != "" {
		t.Fatalf("first page: %+v, %v", list, err)
	}
	n := list[0]
	next, err := o.DeathNotices(ctx, o.finance, 0, n.ID, 0)
	if err != nil || len(next) != 1 || next[0].Member == n.Member {
		t.Errorf("second page: %+v, %v", next, err)
	}
	for name, tt := range map[string]struct {
		by       approval.Officer
		id       int64
		document string
		want     string
	}{
		"by finance":         {o.finance, n.ID, "letter 4", "duty_conflict"},
		"by a checker":       {o.checker, n.ID, "letter 4", "duty_conflict"},
		"by another area":    {o.stranger, n.ID, "letter 4", "death_notice_not_found"},
		"without a document": {o.maker, n.ID, "", "decision_invalid"},
		"of no notice":       {o.maker, n.ID + 100, "letter 4", "death_notice_not_found"},
	} {
		_, err := o.takeNoticeBack(tt.by, tt.id, tt.document)
		wantCode(t, name, err, tt.want)
	}
	asked, err := o.takeNoticeBack(o.maker, n.ID, "letter 4")
	if err != nil || asked.State != casework.Submitted || !strings.Contains(asked.About, "2011-02-01") {
		t.Fatalf("asked: %+v, %v", asked, err)
	}
	_, err = o.takeNoticeBack(o.second, n.ID, "letter 5")
	wantCode(t, "asked twice", err, "decision_open")
	for name, tt := range map[string]struct {
		by   approval.Officer
		want string
	}{
		"approved by the maker's other login": {o.second, "same_person"},
		"approved by a maker":                 {o.maker, "duty_conflict"},
		"approved by finance":                 {o.financeChecker, "duty_conflict"},
		"approved by another area":            {o.stranger, "decision_not_found"},
	} {
		_, err := o.agree(tt.by, asked)
		wantCode(t, name, err, tt.want)
	}
	if n := o.count(`select count(*) from death_withdrawn`); n != 0 {
		t.Error("one person took a notice back")
	}
	_, err = o.agree(o.checker, asked)
	wantCode(t, "approved", err, "")
	_, err = o.takeNoticeBack(o.maker, n.ID, "letter 5")
	wantCode(t, "taken back twice", err, "already_decided")
	// The list brings it again: it is refused by name, and another source is another report.
	r, err := o.try(registry.KindDeaths, file+id(0)+",2011-02-01,police,list 8\n", registry.Options{})
	if err != nil || r.Imported != 1 || len(r.Lines) != 1 || r.Lines[0].Code != "notice_withdrawn" {
		t.Errorf("the list again: %+v, %v", r, err)
	}
	mine, err := o.DeathNotices(ctx, o.maker, n.Member, 0, 0)
	if err != nil || len(mine) != 2 || mine[0].Withdrawn != "letter 4" || mine[1].Source != "police" {
		t.Errorf("one member's notices: %+v, %v", mine, err)
	}
}

// takeNoticeBack asks for the end of a notice that is wrong.
func (o *office) takeNoticeBack(by approval.Officer, notice int64, document string) (r casework.Request, err error) {
	_, err = o.cases.Ask(context.Background(), request("officer"), into(&r), by, casework.Ask{
		Kind: casework.Notice, Word: casework.TakenBack, Subject: notice, Document: document,
	})
	return r, err
}

func (w *world) agree(by approval.Officer, asked casework.Request) (r casework.Request, err error) {
	_, err = w.cases.Approve(context.Background(), request("officer"), into(&r), by,
		casework.Verdict{ID: asked.ID, Digest: asked.Digest, Reason: ""})
	return r, err
}

// A request to take a notice back can be rejected and taken back itself, and its
// effect rests in the tables on the approval of another person.
func TestF88_ANoticeIsTakenBackByTwoPeopleOrNotAtAll(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.must(registry.KindDeaths, deathsHead+id(0)+",2011-02-01,civil affairs,list 2\n")
	ctx := context.Background()
	list, err := o.DeathNotices(ctx, o.finance, 0, 0, 1)
	if err != nil || len(list) != 1 {
		t.Fatalf("notices: %+v, %v", list, err)
	}
	n := list[0].ID
	asked, err := o.takeNoticeBack(o.maker, n, "letter 4")
	wantCode(t, "asked", err, "")
	var out casework.Request
	_, err = o.cases.Reject(ctx, request("officer"), into(&out), o.checker,
		casework.Verdict{ID: asked.ID, Digest: asked.Digest, Reason: "not signed"})
	wantCode(t, "rejected", err, "")
	_, err = o.agree(o.other, asked)
	wantCode(t, "approved after it was rejected", err, "already_decided")
	asked, err = o.takeNoticeBack(o.maker, n, "letter 5")
	wantCode(t, "asked again", err, "")
	_, err = o.cases.Withdraw(ctx, request("officer"), into(&out), o.second, asked.ID)
	wantCode(t, "withdrawn by the same person", err, "")
	asked, err = o.takeNoticeBack(o.maker, n, "letter 6")
	wantCode(t, "asked a third time", err, "")
	app, err := pgx.Connect(ctx, o.db.AppURL)
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close(ctx) //nolint:errcheck // a connection of the test
	rejected := int64(o.count(`select id::int from decision_request where state = 'rejected'`))
	for name, tt := range map[string]struct {
		decision int64
		want     string
	}{
		"before it is approved": {asked.ID, "nobody approved"}, "after a rejection": {rejected, "nobody approved"},
		"without a decision": {1, "foreign key"},
	} {
		_, err := app.Exec(ctx, `
			insert into death_withdrawn (area, notice_id, document, entered_by, entered_at, decision_id)
			values (610304, $1, 'x', 'maker', now(), $2)`, n, tt.decision)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	o.must(registry.KindDeaths, deathsHead+id(1)+",2011-02-01,civil affairs,list 2\n")
	_, err = o.agree(o.checker, asked)
	wantCode(t, "approved", err, "")
	_, err = app.Exec(ctx, `
		insert into death_withdrawn (area, notice_id, document, entered_by, entered_at, decision_id)
		select 610304, max(id), 'x', 'maker', now(), $1 from death_notice`, asked.ID)
	if err == nil || !strings.Contains(err.Error(), "foreign key") {
		t.Errorf("a decision about another notice: %v", err)
	}
}

func account(bankCode, number string) registry.NewAccount {
	_, _, no := party.Stored("", "", number)
	return registry.NewAccount{
		Bank: bankCode, Kind: registry.Card, AccountNo: no, BankNo: "", Activated: true, Document: "变更表 7",
	}
}

// instrument returns the id of the n-th member's only active instrument.
func (o *office) instrument(n int) int64 {
	o.t.Helper()
	return int64(o.count(`select i.id::int from instrument i join member m on m.area = i.area and m.id = i.member_id
		where m.id_number = $1 and i.ended_on is null`, id(n)))
}

func (o *office) change(
	by approval.Officer, instrument int64, n registry.NewAccount,
) (c registry.Change, err error) {
	_, err = o.AskChange(context.Background(), request("officer"), into(&c), by, instrument, n)
	return c, err
}

func (o *office) approveChange(by approval.Officer, c registry.Change, typed string) (done registry.Change, err error) {
	_, _, no := party.Stored("", "", typed)
	v := registry.ChangeVerdict{Verdict: registry.Verdict{Digest: c.Digest, Reason: ""}, AccountNo: no}
	_, err = o.ApproveChange(context.Background(), request("officer"), into(&done), by, c.Instrument, v)
	return done, err
}

func (o *office) rejectChange(by approval.Officer, c registry.Change) (done registry.Change, err error) {
	_, err = o.RejectChange(context.Background(), request("officer"), into(&done), by, c.Instrument,
		registry.Verdict{Digest: c.Digest, Reason: "the copy cannot be read"})
	return done, err
}

func TestAnAccountIsReplacedByTwoPeopleOfTheBusinessDesk(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.must(registry.KindMandates, mandatesHead+id(0)+",psbc,"+card(0)+",M0,2010-02-02\n")
	old := o.instrument(0)
	for name, tt := range map[string]struct {
		by   approval.Officer
		code string
	}{
		"finance": {o.finance, "duty_conflict"}, "finance's checker": {o.financeChecker, "duty_conflict"},
		"a checker": {o.checker, "duty_conflict"}, "another area": {o.stranger, "instrument_not_found"},
	} {
		_, err := o.change(tt.by, old, account("psbc", card(70)))
		wantCode(t, "asked by "+name, err, tt.code)
	}
	made, err := o.change(o.maker, old, account("psbc", card(70)))
	if err != nil || made.State != registry.Submitted || made.Instrument != old || made.Successor != 0 ||
		made.OldAccount.Plain() != card(0) || made.SocialNo != "SB00000000" {
		t.Fatalf("asked: %+v, %v", made, err)
	}
	if strings.Contains(fmt.Sprintf("%+v", made), card(70)) {
		t.Error("a change prints an account number")
	}
	_, err = o.change(o.second, old, account("psbc", card(71)))
	wantCode(t, "asked twice", err, "change_open")
	for name, tt := range map[string]struct {
		by   approval.Officer
		code string
	}{
		"the maker": {o.maker, "duty_conflict"}, "the maker's other login": {o.second, "same_person"},
		"finance's checker": {o.financeChecker, "duty_conflict"}, "another area": {o.stranger, "instrument_not_found"},
	} {
		_, err := o.approveChange(tt.by, made, "")
		wantCode(t, "approved by "+name, err, tt.code)
		_, err = o.rejectChange(tt.by, made)
		wantCode(t, "rejected by "+name, err, tt.code)
	}
	seen := made
	seen.Digest[0]++
	_, err = o.approveChange(o.checker, seen, "")
	wantCode(t, "another digest", err, "digest_differs")
	_, err = o.approveChange(o.checker, made, card(71))
	wantCode(t, "another number typed", err, "account_typed_differs")
	if n := o.count(`select count(*) from approval`); n != 0 {
		t.Errorf("%d decisions of nobody", n)
	}

	done, err := o.approveChange(o.checker, made, card(70))
	if err != nil || done.State != registry.Approved || done.Successor == 0 {
		t.Fatalf("approved: %+v, %v", done, err)
	}
	var got string
	err = o.sql.QueryRow(context.Background(), `select string_agg(format('%s %s %s %s %s', account_no, for_payout,
		activated, opened_on, coalesce(ended_on::text, '-')), '; ' order by id) from instrument where member_id = $1`,
		done.Member).Scan(&got)
	want := card(0) + " t t 2010-02-01 2011-03-10; " + card(70) + " t t 2011-03-10 -"
	if err != nil || got != want {
		t.Errorf("instruments %s, %v; want %s", got, err, want)
	}
	err = o.sql.QueryRow(context.Background(), `select string_agg(format('%s %s %s %s', number, instrument_id = $1,
		signed_on, coalesce(ended_on::text, '-')), '; ' order by id) from mandate`, done.Successor).Scan(&got)
	if want := "M0 f 2010-02-02 2011-03-10; M0 t 2010-02-02 -"; err != nil || got != want {
		t.Errorf("mandates %s, %v; want %s", got, err, want)
	}
	_, err = o.approveChange(o.other, made, "")
	wantCode(t, "approved twice", err, "already_decided")
	_, err = o.change(o.maker, old, account("psbc", card(72)))
	wantCode(t, "of an instrument that ended", err, "instrument_ended")
	held, err := o.InstrumentsOf(context.Background(), o.finance, done.Member)
	if err != nil || len(held) != 2 || held[0].EndedOn.IsZero() || held[1].ID != done.Successor ||
		!held[1].EndedOn.IsZero() {
		t.Errorf("the member's instruments: %+v, %v", held, err)
	}
	_, err = o.InstrumentsOf(context.Background(), o.stranger, done.Member)
	wantCode(t, "another area's member", err, "member_not_found")
	list, err := o.Changes(context.Background(), o.finance, registry.ChangeFilter{Member: done.Member})
	if err != nil || len(list) != 1 || list[0].Successor != done.Successor || list[0].State != registry.Approved {
		t.Errorf("changes: %+v, %v", list, err)
	}
	// The mandate keeps the bank's number, which nobody else can take, and the import that brought it is known.
	r, err := o.try(registry.KindMandates, mandatesHead+id(1)+",psbc,"+card(1)+",M0,2010-02-02\n"+
		id(0)+",psbc,"+card(70)+",M0,2010-02-02\n", registry.Options{})
	if err != nil || r.Repeated != 1 || r.Refused != 1 || r.Lines[0].Code != "differs" {
		t.Errorf("mandates again: %+v, %v", r, err)
	}
	// Its number is that of the mandate which holds now, and not of the one that ended.
	var ended registry.Mandate
	_, err = o.CancelMandate(context.Background(), request("bank"), into(&ended), bank.Caller{Code: "psbc", KeyID: "k"},
		registry.CancelMandate{Area: chencang, Number: "M0", EndedOn: calendar.MustDay("2011-03-09")})
	if err != nil || ended.Instrument != done.Successor {
		t.Errorf("cancelled: %+v, %v", ended, err)
	}
}

func TestAChangeIsRejectedOrTakenBack(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	old := o.instrument(0)
	before := o.count(`select count(*) from instrument`)
	ctx := context.Background()
	_, err := o.WithdrawChange(ctx, request("officer"), into(new(registry.Change)), o.maker, old)
	wantCode(t, "withdrawn before asked", err, "change_not_found")
	_, err = o.approveChange(o.checker, registry.Change{Instrument: old}, "")
	wantCode(t, "approved before asked", err, "change_not_found")
	made, err := o.change(o.maker, old, account("psbc", card(70)))
	wantCode(t, "asked", err, "")
	no, err := o.rejectChange(o.checker, made)
	if err != nil || no.State != registry.Rejected {
		t.Errorf("rejected: %+v, %v", no, err)
	}
	made, err = o.change(o.maker, old, account("psbc", card(70)))
	wantCode(t, "asked again", err, "")
	var back registry.Change
	_, err = o.WithdrawChange(ctx, request("officer"), into(&back), o.checker, old)
	wantCode(t, "withdrawn by another", err, "duty_conflict")
	_, err = o.WithdrawChange(ctx, request("officer"), into(&back), o.second, old)
	if err != nil || back.State != registry.Withdrawn {
		t.Errorf("withdrawn: %+v, %v", back, err)
	}
	_, err = o.approveChange(o.checker, made, "")
	wantCode(t, "approved after it was withdrawn", err, "already_decided")
	if n := o.count(`select count(*) from instrument where ended_on is null`); n != before {
		t.Errorf("%d active instruments, want %d", n, before)
	}
	waiting, err := o.Changes(ctx, o.checker, registry.ChangeFilter{State: registry.Submitted})
	if err != nil || len(waiting) != 0 {
		t.Errorf("waiting: %+v, %v", waiting, err)
	}
}

func TestNewAccountsThatAreRefused(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	old := o.instrument(0)
	for name, tt := range map[string]struct {
		change      func(n *registry.NewAccount)
		code, field string
	}{
		"the same account": {func(n *registry.NewAccount) { *n = account("psbc", card(0)) }, "account_unchanged", "account_no"},
		"a wrong check digit": {
			func(n *registry.NewAccount) { *n = account("psbc", card(70)[:18]+"x") }, "invalid_field", "account_no",
		},
		"another kind":        {func(n *registry.NewAccount) { n.Kind = "cheque" }, "invalid_field", "kind"},
		"a card that is none": {func(n *registry.NewAccount) { *n = account("psbc", "8801-1") }, "invalid_field", "account_no"},
		"an unknown bank":     {func(n *registry.NewAccount) { n.Bank = "nobank" }, "bank_not_found", "bank"},
		"a bank number":       {func(n *registry.NewAccount) { n.BankNo = "403100000005" }, "invalid_field", "bank_no"},
		"no document":         {func(n *registry.NewAccount) { n.Document = "" }, "invalid_field", "document"},
	} {
		n := account("psbc", card(70))
		tt.change(&n)
		_, err := o.change(o.maker, old, n)
		refusal, ok := errors.AsType[*fault.Error](err)
		if !ok || refusal.Code != tt.code || refusal.Field != tt.field {
			t.Errorf("%s: %v, want %s of %s", name, err, tt.code, tt.field)
		}
	}
	if n := o.count(`select count(*) from instrument_change`); n != 0 {
		t.Errorf("%d changes were stored", n)
	}
}

// A mandate belongs to its bank: with an account of another bank it ends, and the
// member has to sign there.
func TestAChangeToAnotherBankEndsTheMandate(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.must(registry.KindMandates, mandatesHead+id(0)+",psbc,"+card(0)+",M0,2010-02-02\n")
	made, err := o.change(o.maker, o.instrument(0), account("rcc", card(70)))
	wantCode(t, "asked", err, "")
	done, err := o.approveChange(o.checker, made, "")
	wantCode(t, "approved", err, "")
	if n := o.count(`select count(*) from mandate where ended_on is null`); n != 0 {
		t.Errorf("%d mandates hold", n)
	}
	if n := o.count(`select count(*) from exception_case where kind = 'mandate_to_sign' and bank = 'rcc'`); n != 1 {
		t.Errorf("%d cases, want 1", n)
	}
	if n := o.count(`select count(*) from instrument where id = $1 and bank = 'rcc' and for_payout
		and ended_on is null`, done.Successor); n != 1 {
		t.Error("the new account does not serve for pay-out")
	}
}

// The member has the new account already, for debits: one row takes the place of
// both, for pay-out and for the mandate.
func TestAChangeToAnAccountThatTheMemberHas(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	old := o.instrument(0)
	o.must(registry.KindInstruments, instrumentsHead+id(0)+",psbc,card,"+card(70)+",false,false,2010-05-05\n")
	o.must(registry.KindMandates, mandatesHead+id(0)+",psbc,"+card(70)+",M0,2010-06-06\n")
	made, err := o.change(o.maker, old, account("psbc", card(70)))
	wantCode(t, "asked", err, "")
	done, err := o.approveChange(o.checker, made, "")
	wantCode(t, "approved", err, "")
	if n := o.count(`select count(*) from instrument i join mandate m on m.instrument_id = i.id and m.ended_on is null
		where i.id = $1 and i.for_payout and i.activated and i.ended_on is null`, done.Successor); n != 1 {
		t.Error("the new row does not serve for both")
	}
	if n := o.count(`select count(*) from instrument where member_id = $1 and ended_on is null`, done.Member); n != 1 {
		t.Errorf("%d active instruments, want 1", n)
	}
}

// An account that serves somebody else is an alarm, as in the import.
func TestAChangeToAnAccountOfSomebodyElse(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	made, err := o.change(o.maker, o.instrument(0), account("psbc", card(1)))
	wantCode(t, "asked", err, "")
	_, err = o.approveChange(o.checker, made, "")
	wantCode(t, "approved", err, "")
	if n := o.count(`select count(*) from exception_case where kind = 'account_shared'
		and subject = 'member:' || $1::bigint`, made.Member); n != 1 {
		t.Errorf("%d cases, want 1", n)
	}
}

func TestF89_TwoDecisionsOnOneRequestAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for trial := range 20 {
		made, err := o.change(o.maker, o.instrument(0), account("psbc", card(100+trial)))
		if err != nil {
			t.Fatal(err)
		}
		var errs [2]error
		var group sync.WaitGroup
		group.Go(func() { _, errs[0] = o.approveChange(o.checker, made, "") })
		group.Go(func() {
			if trial%2 == 0 {
				_, errs[1] = o.approveChange(o.other, made, "")
				return
			}
			_, errs[1] = o.rejectChange(o.other, made)
		})
		group.Wait()
		winner := 0
		if errs[0] != nil {
			winner = 1
		}
		if errs[winner] != nil || !errors.Is(errs[1-winner], approval.ErrDecided) {
			t.Fatalf("trial %d: %v and %v, want one decision", trial, errs[0], errs[1])
		}
	}
	if n := o.count(`select count(*) from instrument i join member m on m.id = i.member_id
		where m.id_number = $1 and i.ended_on is null and i.for_payout`, id(0)); n != 1 {
		t.Errorf("%d active accounts for pay-out, want 1", n)
	}
	if n := o.count(`select count(*) from approval`); n != 20 {
		t.Errorf("%d decisions, want 20", n)
	}
}
