package registry

import (
	"context"
	"fmt"
	"slices"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

const ageOfEntry = 16

func parseMember(f *fields, e *env) Member {
	m := Member{
		ID: 0, IDNumber: f.idNumber(), SocialNo: f.socialNo(), Name: f.name(),
		Region: f.region(e.area), Scheme: f.scheme(), JoinedOn: f.past("joined_on", e.today),
	}
	if f.fault != nil {
		return m
	}
	born, err := calendar.ParseCompact(m.IDNumber.Birth())
	if err != nil || m.JoinedOn.Before(born.AddMonths(12*ageOfEntry)) {
		f.fault = ErrAge.On("joined_on")
	}
	return m
}

func openMembers(ctx context.Context, tx Tx, e *env, rows []Member) (desk[Member], error) {
	ids, socialNos := make([]party.IDNumber, len(rows)), make([]string, len(rows))
	regions := make(map[party.Region]bool)
	for i, m := range rows {
		ids[i], socialNos[i] = m.IDNumber, m.SocialNo
		regions[m.Region] = false
	}
	stored, err := tx.Members(ctx, e.area, ids, socialNos)
	if err != nil {
		return desk[Member]{}, err
	}
	keys := make([]party.Region, 0, len(regions))
	for r := range regions {
		keys = append(keys, r)
	}
	placed, err := tx.Regions(ctx, e.area, keys)
	if err != nil {
		return desk[Member]{}, err
	}
	for _, r := range placed {
		regions[r.Region] = true
	}
	known := newEnrolled(stored)
	judge := func(m *Member) (Answer, *fault.Error) {
		if old, ok := known.of(m); ok {
			return seen(firstDifference(difference{"social_no", old.SocialNo != m.SocialNo},
				difference{"name", !old.Name.Equal(m.Name)}, difference{"region", old.Region != m.Region},
				difference{"scheme", old.Scheme != m.Scheme}, difference{"joined_on", old.JoinedOn != m.JoinedOn}))
		}
		if why := known.clash(m); why != nil {
			return Refused, why
		}
		if !regions[m.Region] {
			return Refused, ErrUnknown.With("the region is not registered").On("region")
		}
		known.add(*m)
		return Imported, nil
	}
	store := func(ctx context.Context, rows []Member) error { return tx.InsertMembers(ctx, e.area, rows) }
	return desk[Member]{judge, store}, nil
}

// enrolled is who is enrolled already: a person once for a pension, and once for the allowance of
// land-lost farmers.
type enrolled struct {
	members  map[enrolment]Member
	bySocial map[string]party.IDNumber
}

type enrolment struct {
	id        party.IDNumber
	allowance bool
}

func newEnrolled(stored []Member) enrolled {
	e := enrolled{members: make(map[enrolment]Member), bySocial: make(map[string]party.IDNumber)}
	for _, m := range stored {
		e.add(m)
	}
	return e
}

func (e enrolled) add(m Member) {
	e.members[enrolment{m.IDNumber, m.Scheme == ledger.LandLost}], e.bySocial[m.SocialNo] = m, m.IDNumber
}

func (e enrolled) of(m *Member) (Member, bool) {
	old, ok := e.members[enrolment{m.IDNumber, m.Scheme == ledger.LandLost}]
	return old, ok
}

// clash says why a new membership cannot be: another person has the number, or the person's other membership
// has another name or number.
func (e enrolled) clash(m *Member) *fault.Error {
	if other, ok := e.members[enrolment{m.IDNumber, m.Scheme != ledger.LandLost}]; ok {
		_, why := seen(firstDifference(difference{"name", !other.Name.Equal(m.Name)},
			difference{"social_no", other.SocialNo != m.SocialNo}))
		return why
	}
	if _, taken := e.bySocial[m.SocialNo]; taken {
		return ErrTaken.With("this social-security number belongs to a member with another id number").On("social_no")
	}
	return nil
}

// membersOf finds the members that rows name by id number; of a person's two memberships the pension's.
func membersOf[R any](
	ctx context.Context, tx Tx, area party.Area, rows []R, id func(R) party.IDNumber,
) (map[party.IDNumber]Member, []int64, error) {
	ids := make([]party.IDNumber, len(rows))
	for i, r := range rows {
		ids[i] = id(r)
	}
	stored, err := tx.Members(ctx, area, ids, nil)
	if err != nil {
		return nil, nil, err
	}
	members, numbers := make(map[party.IDNumber]Member, len(stored)), make([]int64, len(stored))
	for i, m := range stored {
		numbers[i] = m.ID
		if _, ok := members[m.IDNumber]; !ok || m.Scheme != ledger.LandLost {
			members[m.IDNumber] = m
		}
	}
	return members, numbers, nil
}

func unknownMember() *fault.Error {
	return ErrUnknown.With("no member of the area has this id number").On("id_number")
}

// instrumentRow is a line of a file of instruments.
type instrumentRow struct {
	memberRef
	Instrument
}

func parseInstrument(f *fields, e *env) instrumentRow {
	kind := word(f, "kind", false, Card, Passbook)
	ref := memberRef{id: f.idNumber()} //nolint:exhaustruct // by id number
	if f.optional("scheme") != "" {
		ref.scheme = f.scheme()
	}
	return instrumentRow{ref, Instrument{
		ID: 0, Member: 0, Bank: f.bankCode(), Kind: kind, AccountNo: f.account(kind),
		Activated: f.flag("activated"), ForPayout: f.flag("for_payout"), OpenedOn: f.past("opened_on", e.today),
	}}
}

// holders is what a new instrument is compared with.
type holders struct {
	env     *env
	members memberIndex
	banks   map[string]Bank
	byKey   map[instrumentKey]Instrument
	// payout holds the members who have an active account for benefits.
	payout map[int64]bool
	// first is some holder of an account, whoever it is.
	first map[BankNumber]int64
}

type instrumentKey struct {
	member int64
	number BankNumber
}

func (i Instrument) number() BankNumber { return BankNumber{i.Bank, i.AccountNo.Plain()} }

func (h *holders) add(i Instrument) {
	h.byKey[instrumentKey{i.Member, i.number()}] = i
	if i.ForPayout {
		h.payout[i.Member] = true
	}
	if _, ok := h.first[i.number()]; !ok {
		h.first[i.number()] = i.Member
	}
}

func newHolders(ctx context.Context, tx Tx, e *env, members []int64, numbers []BankNumber) (*holders, error) {
	stored, err := tx.Instruments(ctx, e.area, members, numbers)
	if err != nil {
		return nil, err
	}
	h := &holders{
		env: e, members: memberIndex{}, banks: nil, byKey: make(map[instrumentKey]Instrument),
		payout: make(map[int64]bool),
		first:  make(map[BankNumber]int64),
	}
	for _, i := range stored {
		h.add(i)
	}
	return h, nil
}

func openInstruments(ctx context.Context, tx Tx, e *env, rows []instrumentRow) (desk[instrumentRow], error) {
	var none desk[instrumentRow]
	members, err := indexMembers(ctx, tx, e.area, rows, func(r instrumentRow) memberRef { return r.memberRef })
	if err != nil {
		return none, err
	}
	numbers := make([]BankNumber, len(rows))
	for i, r := range rows {
		numbers[i] = r.number()
	}
	h, err := newHolders(ctx, tx, e, members.ids, numbers)
	if err != nil {
		return none, err
	}
	h.members = members
	if h.banks, err = banksByCode(ctx, tx, e.area); err != nil {
		return none, err
	}
	store := func(ctx context.Context, rows []instrumentRow) error {
		list := make([]Instrument, len(rows))
		for i, r := range rows {
			list[i] = r.Instrument
		}
		return tx.InsertInstruments(ctx, e.area, list)
	}
	return desk[instrumentRow]{h.judge, store}, nil
}

func (h *holders) judge(r *instrumentRow) (Answer, *fault.Error) {
	m, why := h.members.find(r.memberRef)
	if why != nil {
		return Refused, why
	}
	if _, ok := h.banks[r.Bank]; !ok {
		return Refused, ErrUnknown.With("the bank is not registered").On("bank")
	}
	r.Member = m.ID
	if old, ok := h.byKey[instrumentKey{m.ID, r.number()}]; ok {
		return seen(firstDifference(difference{"kind", old.Kind != r.Kind},
			difference{"activated", old.Activated != r.Activated},
			difference{"for_payout", old.ForPayout != r.ForPayout},
			difference{"opened_on", old.OpenedOn != r.OpenedOn}))
	}
	if r.ForPayout && h.payout[m.ID] {
		return Refused, ErrPayout.On("for_payout")
	}
	remark := h.shared(r.Instrument, h.members.byID[r.id])
	h.add(r.Instrument)
	return Imported, remark
}

// shared raises the alarm for an account that serves another member too. It does
// not block: an area's rule may, where money goes out. The person's own memberships are no others.
func (h *holders) shared(i Instrument, own []Member) *fault.Error {
	other, ok := h.first[i.number()]
	if !ok || other == i.Member || slices.ContainsFunc(own, func(m Member) bool { return m.ID == other }) {
		return nil
	}
	h.env.cases = append(h.env.cases, Case{
		Kind: codeShared, Subject: fmt.Sprintf("member:%d", i.Member), Bank: i.Bank,
		Text: fmt.Sprintf("an account of this member serves member %d too", other),
	})
	return fault.New(fault.Conflict, codeShared, "the account serves another member too; a case is open").
		On("account_no")
}

// mandateRow is a line of a file of mandates.
type mandateRow struct {
	id      party.IDNumber
	account party.AccountNo
	Mandate
}

func parseMandate(f *fields, e *env) mandateRow {
	return mandateRow{f.idNumber(), f.account(Passbook), Mandate{
		ID: 0, Member: 0, Instrument: 0, Bank: f.bankCode(), Number: f.mandateNumber(),
		SignedOn: f.past("signed_on", e.today), EndedOn: calendar.Day{},
	}}
}

// signatures is what a new mandate is compared with.
type signatures struct {
	members  map[party.IDNumber]Member
	holders  *holders
	byNumber map[BankNumber]Mandate
	holds    map[int64]bool
}

func openMandates(ctx context.Context, tx Tx, e *env, rows []mandateRow) (desk[mandateRow], error) {
	var none desk[mandateRow]
	members, ids, err := membersOf(ctx, tx, e.area, rows, func(r mandateRow) party.IDNumber { return r.id })
	if err != nil {
		return none, err
	}
	s := &signatures{
		members: members, holders: nil, byNumber: make(map[BankNumber]Mandate),
		holds: make(map[int64]bool),
	}
	if s.holders, err = newHolders(ctx, tx, e, ids, nil); err != nil {
		return none, err
	}
	numbers := make([]BankNumber, len(rows))
	for i, r := range rows {
		numbers[i] = BankNumber{r.Bank, r.Number}
	}
	stored, err := tx.Mandates(ctx, e.area, ids, numbers)
	if err != nil {
		return none, err
	}
	for _, m := range stored {
		s.add(m)
	}
	store := func(ctx context.Context, rows []mandateRow) error {
		list := make([]Mandate, len(rows))
		for i, r := range rows {
			list[i] = r.Mandate
		}
		return tx.InsertMandates(ctx, e.area, list)
	}
	return desk[mandateRow]{s.judge, store}, nil
}

func (s *signatures) add(m Mandate) {
	s.byNumber[BankNumber{m.Bank, m.Number}] = m
	if m.EndedOn.IsZero() {
		s.holds[m.Member] = true
	}
}

func (s *signatures) judge(r *mandateRow) (Answer, *fault.Error) {
	m, ok := s.members[r.id]
	if !ok {
		return Refused, unknownMember()
	}
	i, ok := s.holders.byKey[instrumentKey{m.ID, BankNumber{r.Bank, r.account.Plain()}}]
	if !ok {
		return Refused, ErrUnknown.With("the member has no such account at the bank").On("account_no")
	}
	r.Member, r.Instrument = m.ID, i.ID
	if old, ok := s.byNumber[BankNumber{r.Bank, r.Number}]; ok {
		return seen(firstDifference(difference{"id_number", old.Member != r.Member},
			difference{"account_no", old.Instrument != r.Instrument},
			difference{"signed_on", old.SignedOn != r.SignedOn},
			difference{"number", !old.EndedOn.IsZero()}))
	}
	if s.holds[m.ID] {
		return Refused, ErrMandate.On("id_number")
	}
	s.add(r.Mandate)
	return Imported, nil
}

// tierRow is a line of a file of tiers.
type tierRow struct {
	id party.IDNumber
	TierChange
}

// parseTier reads an amount for a year. Nobody chooses one for a year in all of which they
// were younger than 16: it could never have been paid, and cannot be made up.
func parseTier(f *fields, e *env) tierRow {
	r := tierRow{f.idNumber(), TierChange{
		TierChoice: TierChoice{
			Member: 0, Year: f.number("year", 2009, 2100), Amount: f.amount("amount"),
			ChosenOn: f.past("chosen_on", e.today),
		},
		Was: 0, Ordinal: 0,
	}}
	if f.fault != nil {
		return r
	}
	born, err := calendar.ParseCompact(r.id.Birth())
	if err != nil || r.Year < born.Year()+ageOfEntry {
		f.fault = ErrAge.With("nobody pays for a year before that of the 16th birthday").On("year")
	}
	return r
}

type memberYear struct {
	member int64
	year   int
}

// Away is when a membership ended, or no day where it stands, and when who left came back last, or no day.
type Away struct{ Left, Back calendar.Day }

// choices decides lines of tiers. The first amount of a year is taken; a later one takes its
// place while nothing was paid for the year and nothing is on its way.
type choices struct {
	members map[party.IDNumber]Member
	// made are the choices of a member's year, the one that holds last; open are the years
	// of which nothing is paid, as far as a line chooses one anew.
	made map[memberYear][]TierChoice
	open map[memberYear]bool
	left map[int64]Away
	// tiers are those of a year; a year without a rule is one without tiers.
	tiers map[int][]money.Amount
}

func openTiers(ctx context.Context, tx Tx, e *env, rows []tierRow) (desk[tierRow], error) {
	var none desk[tierRow]
	members, ids, err := membersOf(ctx, tx, e.area, rows, func(r tierRow) party.IDNumber { return r.id })
	if err != nil {
		return none, err
	}
	stored, err := tx.TierChoices(ctx, e.area, ids)
	if err != nil {
		return none, err
	}
	left, err := tx.LeftOn(ctx, e.area, ids)
	if err != nil {
		return none, err
	}
	c := &choices{
		members: members, left: left, made: make(map[memberYear][]TierChoice), open: make(map[memberYear]bool),
		tiers: make(map[int][]money.Amount),
	}
	for _, old := range stored {
		key := memberYear{old.Member, old.Year}
		c.made[key] = append(c.made[key], old)
	}
	if err := c.lookForPayments(ctx, tx, e.area, rows); err != nil {
		return none, err
	}
	rules, err := e.policy(ctx, tx)
	if err != nil {
		return none, err
	}
	for _, r := range rows {
		if _, ok := c.tiers[r.Year]; !ok {
			c.tiers[r.Year], _ = rules.TiersOfYear(r.Year)
		}
	}
	return desk[tierRow]{c.judge, storeTiers(tx, e)}, nil
}

// lookForPayments asks which years that lines choose anew are unpaid, those among them that an
// earlier line of the file chooses first.
func (c *choices) lookForPayments(ctx context.Context, tx Tx, area party.Area, rows []tierRow) error {
	var anew []TierChoice
	first := make(map[memberYear]money.Amount, len(rows))
	for _, r := range rows {
		key := memberYear{c.members[r.id].ID, r.Year}
		amount, again := first[key]
		if made := c.made[key]; len(made) > 0 {
			amount, again = made[len(made)-1].Amount, true
		}
		if !again {
			first[key] = r.Amount
			continue
		}
		if _, asked := c.open[key]; key.member != 0 && !asked && amount != r.Amount {
			c.open[key] = false
			anew = append(anew, TierChoice{Member: key.member, Year: r.Year, Amount: r.Amount, ChosenOn: r.ChosenOn})
		}
	}
	if len(anew) == 0 {
		return nil
	}
	unpaid, err := tx.TiersUnpaid(ctx, area, anew)
	if err != nil {
		return err
	}
	for i, t := range anew {
		c.open[memberYear{t.Member, t.Year}] = unpaid[i]
	}
	return nil
}

func (c *choices) judge(r *tierRow) (Answer, *fault.Error) {
	m, ok := c.members[r.id]
	if !ok {
		return Refused, unknownMember()
	}
	r.Member = m.ID
	key := memberYear{r.Member, r.Year}
	made := c.made[key]
	if slices.Contains(made, r.TierChoice) {
		return Repeated, nil
	}
	if n := len(made); n > 0 {
		last := made[n-1]
		if last.Amount == r.Amount || !r.ChosenOn.After(last.ChosenOn) {
			// Of two choices of one day nobody knows the later one.
			return seen(firstDifference(difference{"amount", last.Amount != r.Amount},
				difference{"chosen_on", last.ChosenOn != r.ChosenOn}))
		}
		r.Was, r.Ordinal = last.Amount, n
	}
	tiers := c.tiers[r.Year]
	away := c.left[r.Member]
	switch {
	case !away.Left.IsZero() && !r.ChosenOn.Before(away.Left):
		return Refused, ErrMemberLeft.With("the membership ended on %s: who moved away goes on where the account "+
			"went, and who comes back is a member again first", away.Left).On("chosen_on")
	case !away.Back.IsZero() && r.Year < away.Back.Year() && !r.ChosenOn.Before(away.Back):
		return Refused, ErrMemberLeft.With("the member came back on %s, and no year before is paid any more",
			away.Back).On("year")
	case len(tiers) == 0:
		return Refused, policy.ErrNoRule.With("no contribution tiers are known for the year").On("year")
	case !slices.Contains(tiers, r.Amount):
		return Refused, ErrTier.On("amount")
	case r.Was != 0 && !c.open[key]:
		return Refused, ErrTierPaid.On("amount")
	}
	c.made[key] = append(made, r.TierChoice)
	return Imported, nil
}

// storeTiers keeps the years' first amounts, and those that were chosen anew.
func storeTiers(tx Tx, e *env) func(ctx context.Context, rows []tierRow) error {
	return func(ctx context.Context, rows []tierRow) error {
		var first []TierChoice
		var anew []TierChange
		for _, r := range rows {
			if r.Was != 0 {
				anew = append(anew, r.TierChange)
				continue
			}
			first = append(first, r.TierChoice)
		}
		if len(first) > 0 {
			if err := tx.InsertTierChoices(ctx, e.area, first); err != nil {
				return err
			}
		}
		if len(anew) == 0 {
			return nil
		}
		return tx.ChangeTiers(ctx, e.area, e.by, anew)
	}
}

// TiersOf returns the yearly amounts that a member of the officer's area chose, by year,
// those that gave way among them; ErrMember where there is no such member.
func (s *Service) TiersOf(ctx context.Context, by approval.Officer, member int64) ([]KeptChoice, error) {
	if err := mayLook(by); err != nil {
		return nil, err
	}
	var list []KeptChoice
	err := s.c.Store.Read(ctx, func(tx Tx) (err error) {
		list, err = tx.TiersOf(ctx, by.Area, member)
		return err
	})
	return list, err
}

// openingRow is a line of a file of personal accounts.
type openingRow struct {
	id party.IDNumber
	PersonalOpening
}

func parseOpening(f *fields, _ *env) openingRow {
	return openingRow{f.idNumber(), PersonalOpening{
		ID: 0, Member: 0, Scheme: "", Individual: f.amount("individual"), Collective: f.amount("collective"),
		Subsidy: f.amount("subsidy"), Interest: f.amount("interest"),
	}}
}

func openOpenings(ctx context.Context, tx Tx, e *env, rows []openingRow) (desk[openingRow], error) {
	var none desk[openingRow]
	members, ids, err := membersOf(ctx, tx, e.area, rows, func(r openingRow) party.IDNumber { return r.id })
	if err != nil {
		return none, err
	}
	stored, err := tx.PersonalOpenings(ctx, e.area, ids, e.list)
	if err != nil {
		return none, err
	}
	known := make(map[int64]PersonalOpening)
	for _, p := range stored {
		known[p.Member] = p
	}
	books, err := booksOf(ctx, tx, e.area)
	if err != nil {
		return none, err
	}
	judge := func(r *openingRow) (Answer, *fault.Error) {
		m, ok := members[r.id]
		if !ok {
			return Refused, unknownMember()
		}
		r.Member, r.Scheme = m.ID, m.Scheme
		if old, ok := known[m.ID]; ok {
			return seen(firstDifference(difference{"individual", old.Individual != r.Individual},
				difference{"collective", old.Collective != r.Collective},
				difference{"subsidy", old.Subsidy != r.Subsidy},
				difference{"interest", old.Interest != r.Interest}))
		}
		b, ok := books[m.Scheme]
		if !ok {
			return Refused, ErrNoBook.On("id_number")
		}
		if !b.SealedThrough.Before(b.OpenedOn) {
			return Refused, ErrSealed.On("id_number")
		}
		known[m.ID] = r.PersonalOpening
		return Imported, nil
	}
	store := func(ctx context.Context, rows []openingRow) error {
		if e.list == 0 {
			ids, err := tx.NewIDs(ctx, 1)
			if err != nil {
				return err
			}
			e.list = ids[0]
		}
		list := inner(rows, func(r openingRow) PersonalOpening { return r.PersonalOpening })
		return tx.AddToList(ctx, e.area, e.list, list)
	}
	return desk[openingRow]{judge, store}, nil
}

func booksOf(ctx context.Context, tx Tx, area party.Area) (map[ledger.Scheme]Book, error) {
	list, err := tx.Books(ctx, area)
	if err != nil {
		return nil, err
	}
	books := make(map[ledger.Scheme]Book, len(list))
	for _, b := range list {
		books[b.Scheme] = b
	}
	return books, nil
}

// ApprovedList is a list of personal accounts that two people decided.
type ApprovedList struct {
	ID int64
	// By is the login of who asked for it, and Decision the request that another
	// person approved.
	By       string
	Decision int64
}

// EnterAccounts books the personal accounts of a list as items of opening entries on
// the day the book begins. It belongs into the transaction in which a second person
// approves it.
func EnterAccounts(ctx context.Context, tx Tx, area party.Area, l ApprovedList) error {
	if err := tx.LockImport(ctx, area, KindOpeningAccounts); err != nil {
		return err
	}
	books, err := booksOf(ctx, tx, area)
	if err != nil {
		return err
	}
	after := int64(0)
	for {
		rows, err := tx.ListedAccounts(ctx, area, l.ID, after, chunkSize)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, r := range rows {
			b, ok := books[r.Scheme]
			if !ok {
				return ErrNoBook
			}
			if !b.SealedThrough.Before(b.OpenedOn) {
				return ErrSealed
			}
		}
		if err := enterAccounts(ctx, tx, area, l, books, rows); err != nil {
			return err
		}
		after = rows[len(rows)-1].Member
	}
}

// enterAccounts writes the accounts of a chunk and books one memorandum entry a scheme.
func enterAccounts(
	ctx context.Context, tx Tx, area party.Area, l ApprovedList, books map[ledger.Scheme]Book, rows []PersonalOpening,
) error {
	ids, err := tx.NewIDs(ctx, len(rows))
	if err != nil {
		return err
	}
	byScheme := make(map[ledger.Scheme][]PersonalOpening)
	for i := range rows {
		rows[i].ID = ids[i]
		byScheme[rows[i].Scheme] = append(byScheme[rows[i].Scheme], rows[i])
	}
	if err := tx.InsertPersonalOpenings(ctx, area, l, rows); err != nil {
		return err
	}
	var entries []ledger.Entry
	for _, scheme := range []ledger.Scheme{ledger.Resident, ledger.Rural, ledger.Urban, ledger.LandLost} {
		entry, err := personalEntry(area, books[scheme], byScheme[scheme])
		if err != nil {
			return err
		}
		if len(entry.Postings) > 0 {
			entries = append(entries, entry)
		}
	}
	if len(entries) == 0 {
		return nil
	}
	_, err = tx.Book(ctx, l.By, entries...)
	return err
}

// personalEntry is the opening of personal accounts: the control account against
// each part of each member. Parts of zero have no line.
func personalEntry(area party.Area, book Book, rows []PersonalOpening) (ledger.Entry, error) {
	var sum money.Total
	lines := make([]ledger.Posting, 1, 1+4*len(rows))
	for _, r := range rows {
		for _, p := range []struct {
			role   ledger.Role
			amount money.Amount
		}{
			{ledger.PersonalIndividual, r.Individual},
			{ledger.PersonalCollective, r.Collective},
			{ledger.PersonalSubsidy, r.Subsidy},
			{ledger.PersonalInterest, r.Interest},
		} {
			if p.amount == 0 {
				continue
			}
			sum.Add(p.amount)
			lines = append(lines, ledger.Posting{
				Side: ledger.Credit, Role: p.role, Nature: ledger.ItemLine, Red: false, Amount: p.amount,
				FundAccount: 0,
				Batch:       0, Cause: r.ID, Member: r.Member, Year: 0,
			})
		}
	}
	total, err := sum.Amount()
	if err != nil || len(lines) == 1 {
		return ledger.Entry{Postings: nil}, err //nolint:exhaustruct_v5 // no entry
	}
	lines[0] = ledger.Posting{
		Side: ledger.Debit, Role: ledger.PersonalControl, Nature: ledger.SumLine, Red: false, Amount: total,
		FundAccount: 0, Batch: 0, Cause: 0, Member: 0, Year: 0,
	}
	return ledger.Entry{
		Area: area, Scheme: book.Scheme, Kind: ledger.Opening, Cause: fmt.Sprintf("personal_opening:%d", rows[0].ID),
		Reverses: 0, AccountedOn: book.OpenedOn, EffectiveOn: book.OpenedOn,
		Text: fmt.Sprintf("personal accounts at go-live: %d members", len(rows)), Postings: lines,
	}, nil
}
