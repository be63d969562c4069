package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/gateway/lifeevent"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

// brings imports a file and says what became of its lines.
func (w *lifeWorld) brings(t *testing.T, kind registry.Kind, lines string) string {
	t.Helper()
	var out registry.Report
	_, err := w.registry.Import(t.Context(), w.ask("POST /v1/imports"), result(&out), w.maker, kind,
		strings.NewReader(lines), registry.Options{}) //nolint:exhaustruct // none
	if err != nil {
		_, why, _ := strings.Cut(err.Error(), "the first for ")
		code, _, _ := strings.Cut(why, ":")
		return "refused " + code
	}
	var codes []string
	for _, l := range out.Lines {
		codes = append(codes, l.Code)
	}
	return fmt.Sprintf("%d imported, %d repeated, %d refused %v", out.Imported, out.Repeated, out.Refused, codes)
}

// farmer is a county whose pensioner 1001 is a land-lost farmer as well, whose fund pays 462.00 a month.
func farmer(t *testing.T) (w *lifeWorld, other int64) {
	t.Helper()
	w = newLifeWorld(t, 2)
	w.alter(t, `update member set id_number = '610304195001010015' where id = 1001`)
	w.sql(t, `insert into book values (610304, 'land_lost', '2011-01-01', '2010-12-31');
		insert into fund_account (area, id, scheme, role, bank, account_no, name, opened_on) values
		(610304, 23, 'land_lost', 'expenditure', 'psbc', '961001010000000023', '支出户', '2011-01-01')`)
	w.fund(t, 23, 200_000)
	const head = "id_number,social_no,name,region,scheme,joined_on\n"
	for give, want := range map[string]string{
		"S00000001,王一": "refused differs",
		"S00000099,王1": "refused differs",
		"S00000002,王1": "refused differs",
	} {
		line := "610304195001010015," + give + ",610304101201,land_lost,2011-01-01\n"
		if got := w.brings(t, registry.KindMembers, head+line); got != want {
			t.Errorf("%s: %s, want %s", give, got, want)
		}
	}
	line := "610304195001010015,S00000001,王1,610304101201,land_lost,2011-01-01\n"
	for _, want := range []string{"1 imported, 0 repeated, 0 refused []", "0 imported, 1 repeated, 0 refused []"} {
		if got := w.brings(t, registry.KindMembers, head+line); got != want {
			t.Errorf("enrolled: %s, want %s", got, want)
		}
	}
	other = one[int64](t, w.world, `select id from member where scheme = 'land_lost'`)
	return w, other
}

// allowance are the fields of the regular run of the land-lost farmers' fund.
func allowance(month string) disbursement.Order {
	o := regular(calendar.MustMonth(month))
	o.Scheme = ledger.LandLost
	return o
}

// A land-lost farmer of age draws the allowance of its own fund beside the rural pension: one person, two
// memberships, two items. That is no double registration; one proof of life holds for both, and a death
// ends both.
func TestALandLostFarmerDrawsTheAllowanceBesideThePension(t *testing.T) {
	t.Parallel()
	w, other := farmer(t)
	const account = "id_number,bank,kind,account_no,activated,for_payout,opened_on,scheme\n" +
		"610304195001010015,psbc,passbook,61001001,true,true,2011-01-01,"
	if got := w.brings(t, registry.KindInstruments, account+"urban\n"); got != "refused not_registered" {
		t.Errorf("an account of a membership that is none: %s", got)
	}
	if got := w.brings(t, registry.KindInstruments, account+"land_lost\n"); got != "1 imported, 0 repeated, 0 refused []" {
		t.Errorf("the account of both: %s", got)
	}
	const amounts = "id_number,component,from_month,amount,document,scheme\n610304195001010015,base_pension,2011-01,"
	if got := w.brings(t, registry.KindEntitlements, amounts+"462.00,notice,land_lost\n"); got != "1 imported, 0 repeated, 0 refused []" {
		t.Errorf("the allowance: %s", got)
	}
	if got := w.brings(t, registry.KindEntitlements, amounts+"60.00,rise,\n"); got != "1 imported, 0 repeated, 0 refused []" {
		t.Errorf("the pension: %s", got)
	}
	w.watches(t)
	if n := one[int](t, w.world, `select count(*) from exception_case where kind in ('duplicate_identity', 'shared_account')`); n != 0 {
		t.Errorf("%d cases of a person with two memberships", n)
	}
	w.paysMonth(t, "2011-03")
	w.today = calendar.MustDay("2011-03-18")
	w.pays(t, allowance("2011-03"))
	paid := one[string](t, w.world, fmt.Sprintf(`select string_agg(member_id || ' ' || amount, ', ' order by member_id)
		from payment_item where member_id in (1001, %d)`, other))
	if want := fmt.Sprintf("1001 6000, %d 46200", other); paid != want {
		t.Errorf("paid %s, want %s", paid, want)
	}
	w.bothCertify(t, other)
	w.bothEnd(t, other)
}

// bothCertify has the person be seen once.
func (w *lifeWorld) bothCertify(t *testing.T, other int64) {
	t.Helper()
	w.sql(t, `insert into area_rule (area, rule, effective_from, value, document) values
		(610304, 'certification_cycle', '2009-09-01', '"calendar_year"', 'x')`)
	got := w.brings(t, registry.KindCertifications, "id_number,way,certified_on,document\n610304195001010015,counter,2011-03-20,form\n")
	if got != "1 imported, 0 repeated, 0 refused []" {
		t.Errorf("certified: %s", got)
	}
	list, _, err := w.life.Certifications(t.Context(), w.auditor, lifeevent.CertificationFilter{Limit: 10}) //nolint:exhaustruct // all
	if err != nil {
		t.Fatal(err)
	}
	var last []string
	for _, c := range list {
		last = append(last, fmt.Sprintf("%d %s %s", c.Member, c.Last, c.DueOn))
	}
	want := fmt.Sprintf("1001 2011-03-20 2012-12-31, 1002 %s 2012-12-31, %d 2011-03-20 2012-12-31", calendar.Day{}, other)
	if got := strings.Join(last, ", "); got != want {
		t.Errorf("last certified: %s, want %s", got, want)
	}
}

// bothEnd has a list tell of the death after a month was paid.
func (w *lifeWorld) bothEnd(t *testing.T, other int64) {
	t.Helper()
	w.today = calendar.MustDay("2011-04-10")
	got := w.brings(t, registry.KindComparisons, "list,name,id_number,born,happened_on,source,document\n"+
		"cremations,王1,610304195001010015,,2011-02-05,殡仪馆,名单\n")
	if got != "1 imported, 0 repeated, 0 refused [match_strong]" {
		t.Errorf("the list: %s", got)
	}
	if got := one[string](t, w.world, `select string_agg(member_id || ' ' || died_on, ', ' order by member_id) from death_notice`); got !=
		fmt.Sprintf("1001 2011-02-05, %d 2011-02-05", other) {
		t.Errorf("notices: %s", got)
	}
	for member, want := range map[int64]string{1001: "60.00", other: "462.00"} {
		if r := w.recovery(t, member); r.Total().String() != want || r.Reason != lifeevent.AfterDeath {
			t.Errorf("recovered of %d: %s for %s, want %s", member, r.Total(), r.Reason, want)
		}
	}
	_, held := w.roster(t, allowance("2011-04"))
	if held[other] != disbursement.HeldDeceased {
		t.Errorf("the allowance after the death is held for %q", held[other])
	}
	w.namesEdits(t, []handEdit{{
		fmt.Sprintf(`update death_notice set died_on = '2011-02-06' where member_id = %d`, other),
		fmt.Sprintf(`update death_notice set died_on = '2011-02-05' where member_id = %d`, other),
		fmt.Sprintf("tells of the death of member 1001, and nothing does of member %d", other),
	}})
}

// Who is enrolled for the allowance after the death was reported has that notice, too.
func TestAMembershipOfTheDeadIsOfTheDead(t *testing.T) {
	t.Parallel()
	w, other := farmer(t)
	w.alter(t, fmt.Sprintf(`delete from member where id = %d`, other))
	w.died(t, 1001, "2011-02-05")
	line := "id_number,social_no,name,region,scheme,joined_on\n610304195001010015,S00000001,王1,610304101201,land_lost,2011-01-01\n"
	if got := w.brings(t, registry.KindMembers, line); got != "1 imported, 0 repeated, 0 refused []" {
		t.Fatal(got)
	}
	other = one[int64](t, w.world, `select id from member where scheme = 'land_lost'`)
	w.sql(t, `insert into area_rule values (610304, 'funeral_grant', '2009-09-01', '"fixed:600"', 'local rule 5')`)
	w.today = calendar.MustDay("2011-02-20")
	if _, err := w.heirs(t, other, "01", lifeevent.Claim{Funeral: true}); !errors.Is(err, lifeevent.ErrGrant) || //nolint:exhaustruct // the grant
		!strings.Contains(err.Error(), "membership 1001") {
		t.Errorf("a second grant for one death: %v", err)
	}
	if _, err := w.heirs(t, 1001, "01", lifeevent.Claim{Funeral: true}); err != nil { //nolint:exhaustruct // the grant
		t.Errorf("the grant: %v", err)
	}
	if n := one[int](t, w.world, `select count(*) from death_notice n join member m on m.id = n.member_id where m.scheme = 'land_lost'`); n != 1 {
		t.Errorf("%d notices of the second membership", n)
	}
}

// A file or list that does not say which of a person's memberships it means is about the pension's, whichever
// was enrolled first.
func TestAFileNamesThePensionOfWhoHasTwoMemberships(t *testing.T) {
	t.Parallel()
	w, _ := farmer(t)
	w.sql(t, `insert into fund_account (area, id, scheme, role, bank, account_no, name, opened_on) values
		(610304, 21, 'land_lost', 'income', 'psbc', '961001010000000021', '收入户', '2011-01-01')`)
	w.alter(t, `update member set id_number = '610304195001010031', scheme = 'land_lost' where id = 1002`)
	line := "id_number,social_no,name,region,scheme,joined_on\n610304195001010031,S00000002,王2,610304101201,rural,2011-01-01\n"
	if got := w.brings(t, registry.KindMembers, line); got != "1 imported, 0 repeated, 0 refused []" {
		t.Fatal(got)
	}
	pension := one[int64](t, w.world, `select id from member where social_no = 'S00000002' and scheme = 'rural'`)
	for i, key := range []string{"610304195001010031,", ",S00000002"} {
		got := w.brings(t, registry.KindEntitlements,
			fmt.Sprintf("id_number,social_no,component,from_month,amount,document\n%s,base_pension,2011-02,70.00,notice %d\n", key, i))
		if got != "1 imported, 0 repeated, 0 refused []" {
			t.Errorf("by %s: %s", key, got)
		}
	}
	if n := one[int](t, w.world, fmt.Sprintf(`select count(*) from entitlement where member_id = %d`, pension)); n != 2 {
		t.Errorf("%d of two amounts are the pension's", n)
	}
	// The member of another office's list is that of the pension, which another pension stops.
	got := w.brings(t, registry.KindComparisons, "list,name,id_number,born,happened_on,source,document\n"+
		"employee_pension,王1,610304195001010015,,2011-01-05,社保局,名单\n")
	if held := one[string](t, w.world, `select coalesce(string_agg(member_id || ' ' || reason, ', '), '') from payment_hold`); held !=
		"1001 other_pension" {
		t.Errorf("%s: held %s", got, held)
	}
	p := w.payers()
	tried := func(l collection.ContributionList) string {
		_, err := p.tryList(l)
		return fmt.Sprint(err)
	}
	named := func(l collection.ListLine) string {
		list := p.list(collection.CollectiveList, 11)
		l.Line, l.Amount = 1, 100_00
		list.Lines = []collection.ListLine{l}
		return tried(list)
	}
	_, person, _ := party.Stored("", "610304195001010031", "")
	want := named(collection.ListLine{Member: pension})   //nolint:exhaustruct // by id
	allowance := named(collection.ListLine{Member: 1002}) //nolint:exhaustruct // by id
	if want == allowance {
		t.Errorf("a list does not tell the two apart: %s", want)
	}
	ofFund := p.list(collection.CollectiveList, 21)
	ofFund.Scheme, ofFund.Lines = ledger.LandLost, []collection.ListLine{{Line: 1, SocialNo: "S00000002", Amount: 100_00}} //nolint:exhaustruct // by number
	byNumber := tried(ofFund)
	ofFund.Lines[0].SocialNo, ofFund.Lines[0].Member = "", 1002
	if byID := tried(ofFund); byID != byNumber {
		t.Errorf("a list of the farmers' fund by number: %s, by id: %s", byNumber, byID)
	}
	for _, l := range []collection.ListLine{{IDNumber: person.Plain()}, {SocialNo: "S00000002"}} { //nolint:exhaustruct // by one number
		if got := named(l); got != want {
			t.Errorf("a list that names %+v: %s, want %s", l, got, want)
		}
	}
}

// Who is enrolled for the allowance while the death is being told of the pension is of the dead, too.
func TestEnrolledWhileTheDeathIsTold(t *testing.T) {
	t.Parallel()
	w, other := farmer(t)
	w.alter(t, fmt.Sprintf(`delete from member where id = %d`, other))
	var enrols running
	err := w.db.Registry().InTx(t.Context(), func(tx registry.Tx) error {
		err := tx.InsertDeathNotices(t.Context(), chencang, "test", []registry.DeathNotice{{ //nolint:exhaustruct // a notice
			Member: 1001, DiedOn: calendar.MustDay("2011-02-05"), Source: "police", Document: "list",
		}})
		enrols = w.start(func() error {
			got := w.brings(t, registry.KindMembers, "id_number,social_no,name,region,scheme,joined_on\n"+
				"610304195001010015,S00000001,王1,610304101201,land_lost,2011-01-01\n")
			if got != "1 imported, 0 repeated, 0 refused []" {
				return errors.New(got)
			}
			return nil
		})
		enrols.untilLock(t, 1)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	enrols.end(t)
	if text := w.found(t); text != "" {
		t.Errorf("verification: %s", text)
	}
}

// A death that was told of both memberships is taken back of each by two people, and a case asks for the second
// as long as one stands alone.
func TestADeathOfBothIsTakenBackOfBoth(t *testing.T) {
	t.Parallel()
	w, other := farmer(t)
	w.today = calendar.MustDay("2011-04-10")
	w.brings(t, registry.KindComparisons, "list,name,id_number,born,happened_on,source,document\n"+
		"cremations,王1,610304195001010015,,2011-02-05,殡仪馆,名单\n")
	notice := func(member int64) int64 {
		return one[int64](t, w.world, `select id from death_notice where member_id = $1`, member)
	}
	for i, member := range []int64{1001, other} {
		if err := w.lives(t, notice(member)); err != nil {
			t.Fatal(err)
		}
		want := []string{fmt.Sprintf("notice:%d", notice(other)), ""}[i]
		if got := w.openCases(t, "death_of_one_membership"); got != want {
			t.Errorf("cases after the notice of %d was taken back: %q, want %q", member, got, want)
		}
	}
	if text := w.found(t); text != "" {
		t.Errorf("verification: %s", text)
	}
}
