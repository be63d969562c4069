package lifeevent

import (
	"context"
	"errors"
	"fmt"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// Recoveries lists cases of the officer's area by rising id.
func (s *Service) Recoveries(ctx context.Context, by approval.Officer, f RecoveryFilter) ([]Recovery, error) {
	if err := mayLook(by, false); err != nil {
		return nil, err
	}
	f.Area, f.Limit = by.Area, pageOf(f.Limit)
	var list []Recovery
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		list, err = tx.Recoveries(ctx, f)
		return err
	})
	return list, err
}

// Recovery returns one case with how what is open of it would be settled today: nil where
// a rule is missing for it, or nothing is open.
func (s *Service) Recovery(ctx context.Context, by approval.Officer, id int64) (r Recovery, o *Offsets, err error) {
	if err := mayLook(by, false); err != nil {
		return r, nil, err
	}
	err = s.store.Read(ctx, func(tx Tx) error {
		if r, err = recoveryOf(ctx, tx, by.Area, id); err != nil || stillOpen(&r) != nil {
			return err
		}
		told, err := offer(ctx, tx, &r, s.today(), false)
		if errors.Is(err, policy.ErrNoRule) {
			return nil
		}
		o = &told
		return err
	})
	return r, o, err
}

func recoveryOf(ctx context.Context, tx Tx, area party.Area, id int64) (Recovery, error) {
	f := RecoveryFilter{Area: area, ID: id, Member: 0, State: "", After: 0, Limit: 1}
	list, err := tx.Recoveries(ctx, f)
	if err == nil && len(list) == 0 {
		err = ErrRecovery
	}
	if err != nil {
		return Recovery{}, err //nolint:exhaustruct // none
	}
	return list[0], nil
}

// offer tells how what is open is settled. A grant that there is none of, or that is too
// late, gives nothing; a rule that nobody decided is a refusal.
func offer(ctx context.Context, tx Tx, r *Recovery, today calendar.Day, hold bool) (Offsets, error) {
	e, err := tx.EstateOf(ctx, r.Area, r.Member, hold)
	if err != nil {
		return Offsets{}, err //nolint:exhaustruct // none
	}
	rules, err := tx.Rules(ctx, r.Area)
	if err != nil {
		return Offsets{}, err //nolint:exhaustruct // none
	}
	var heirs Parts
	if !e.GrantedBalance {
		if heirs, err = offsetOf(rules, &e); err != nil {
			return Offsets{}, err //nolint:exhaustruct // none
		}
	}
	var grant money.Amount
	if !e.GrantedFuneral && !e.Died.IsZero() {
		grant, err = FuneralOf(rules, &e, today)
		if err != nil && !errors.Is(err, ErrGrant) && !errors.Is(err, ErrGrantLate) {
			return Offsets{}, err //nolint:exhaustruct // none
		}
	}
	return r.Offer(heirs, grant-e.fromFuneral()), nil
}

// watchFunerals asks for what a rise that was decided after the grant adds to it: a case for each,
// until an heir was granted the difference.
func watchFunerals(ctx context.Context, tx Tx, area party.Area) error {
	list, err := tx.FuneralsRisen(ctx, area)
	if err != nil || len(list) == 0 {
		return err
	}
	rules, err := tx.Rules(ctx, area)
	if err != nil {
		return err
	}
	for _, f := range list {
		e, err := tx.EstateOf(ctx, area, f.Member, false)
		if err != nil {
			return err
		}
		more, err := e.funeral(rules, e.FuneralAsked)
		if err != nil && !errors.Is(err, ErrGranted) && !errors.Is(err, ErrGrant) && !errors.Is(err, ErrGrantLate) {
			return err
		}
		last := f.Claims[len(f.Claims)-1]
		for _, claim := range f.Claims {
			text := ""
			if claim == last && more > 0 {
				text = fmt.Sprintf("heirs of member %d were granted %s, and by the rule of the day of the death and "+
					"the base pension decided since it is %s more: have them claim the difference",
					f.Member, e.Funeral, more)
			}
			if err := tx.TellFuneral(ctx, area, claim, text); err != nil {
				return err
			}
		}
	}
	return nil
}

// AskPlan asks how a case is to be settled: what the account and the funeral grant give is
// told by the rules, and what is left is asked in the instalments of the plan. The
// answer's result is a Plan.
func (s *Service) AskPlan(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, p Plan,
) (once.Answer, error) {
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		maker, c, err := s.openCase(ctx, tx, by, p.Case)
		if err != nil {
			return nil, err
		}
		if p.Offsets, err = offer(ctx, tx, &c, s.today(), true); err != nil {
			return nil, err
		}
		if err := p.check(s.today()); err != nil {
			return nil, err
		}
		p.MadeBy = maker.Login
		if p.ID, err = tx.AddPlan(ctx, maker.Area, s.today(), p); err != nil {
			return nil, err
		}
		p.Decision, err = tx.AskDecision(ctx, by, s.today(), casework.Ask{ //nolint:exhaustruct // a plan
			Kind: casework.Recovery, Subject: p.ID, Word: casework.Entered, Document: p.Document,
		})
		return p, err
	})
}

// openCase returns a case that something is open of, locked, and the maker.
func (s *Service) openCase(
	ctx context.Context, tx Tx, by approval.Officer, id int64,
) (maker approval.Officer, c Recovery, err error) {
	if maker, err = atDesk(ctx, tx, by, approval.AgencyBusiness, approval.AgencyFinance); err != nil {
		return maker, c, err
	}
	if err := tx.LockRecovery(ctx, maker.Area, id); err != nil {
		return maker, c, err
	}
	if c, err = recoveryOf(ctx, tx, maker.Area, id); err != nil {
		return maker, c, err
	}
	return maker, c, stillOpen(&c)
}

func stillOpen(c *Recovery) error {
	switch c.State() {
	case RecoveryVoid:
		return ErrRecoveryVoid
	case RecoverySettled:
		return ErrPlan.With("nothing of this recovery is open")
	case RecoveryOpen, RecoveryPlanned:
	}
	return nil
}

// AskReceipt asks that money of a recovery is booked: given back by the bank on the
// expenditure account, or paid in on the account that collects. The answer's result is a
// Receipt.
func (s *Service) AskReceipt(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, x Receipt,
) (once.Answer, error) {
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		maker, c, err := s.openCase(ctx, tx, by, x.Case)
		if err != nil {
			return nil, err
		}
		if _, err := receivingRole(ctx, tx, &c, &x, s.today()); err != nil {
			return nil, err
		}
		x.MadeBy = maker.Login
		x.settles(&c)
		if x.ID, err = tx.AddRecoveryReceipt(ctx, maker.Area, s.today(), x); err != nil {
			return nil, err
		}
		x.Decision, err = tx.AskDecision(ctx, by, s.today(), casework.Ask{ //nolint:exhaustruct // a receipt
			Kind: casework.Recovery, Subject: x.ID, Word: casework.Entered, Document: x.Document,
		})
		return x, err
	})
}

// receivingRole proves that a receipt can be, and returns the role of its account: by the
// original channel the expenditure account, otherwise the one that collects on the day.
func receivingRole(
	ctx context.Context, tx Tx, c *Recovery, x *Receipt, today calendar.Day,
) (ledger.Role, error) {
	refuse := func(field, text string) error { return ErrReceipt.With("%s", text).On(field) }
	switch {
	case x.Amount <= 0 || x.Amount > c.Open():
		return "", ErrReceipt.With("%s are open, and a receipt is above zero", c.Open()).On("amount")
	case x.ValueDate.After(today) || c.Reason == AfterDeath && !x.ValueDate.After(c.Died):
		return "", refuse("value_date", "the money came after the death, and not on a day that lies ahead")
	case c.Reason != AfterDeath && x.ValueDate.Before(c.Since.First()):
		return "", refuse("value_date", "the money came after the first month of which nothing was owed began")
	case !approval.IsLine(x.Document, maxText) || x.Document == "":
		return "", refuse("document", "the document is one line of 1 to 200 characters")
	case !approval.IsLine(x.BankReference, 64) || x.BankReference == "" || len(x.BankReference) > 64:
		return "", refuse("bank_reference", "the bank's number is one line of 1 to 64 bytes")
	}
	role, scheme, err := tx.ReceivingAccount(ctx, c.Area, x.FundAccount)
	if err != nil {
		return "", err
	}
	want := ledger.Expenditure
	if x.Way == Otherwise {
		if want, err = collectingRole(ctx, tx, c.Area, x.ValueDate); err != nil {
			return "", err
		}
	}
	if role != want || scheme != c.Scheme {
		text := "the money belongs on the %s account of the member's scheme"
		return "", ErrReceipt.With(text, want).On("fund_account_id")
	}
	return role, nil
}

// recredit takes back what plans drew of accounts beyond what is still owed, of one member or, for
// 0, of the area. Two people decided the set-off of what was paid; what the bank gave back is a
// fact, and needs no decision.
func recredit(ctx context.Context, tx Tx, area party.Area, member int64, today calendar.Day) error {
	found, err := tx.SetOffTooMuch(ctx, area, member)
	if err != nil || len(found) == 0 {
		return err
	}
	if err := tx.HoldMember(ctx, area); err != nil {
		return err
	}
	if found, err = tx.SetOffTooMuch(ctx, area, member); err != nil {
		return err
	}
	for _, c := range found {
		drew, err := tx.PlansDrew(ctx, area, c.ID)
		if err != nil {
			return err
		}
		x := Recredit{
			ID: 0, Case: c.ID, Member: c.Member, Area: area, Scheme: c.Scheme, Parts: share(drew, c.TooMuch()),
		}
		if x.ID, err = tx.AddRecredit(ctx, today, x); err != nil {
			return err
		}
		if _, err := tx.Book(ctx, "job", x.voucher(today)); err != nil {
			return err
		}
	}
	return nil
}

// collectingRole is the role of the account that collects on a day.
func collectingRole(ctx context.Context, tx Tx, area party.Area, day calendar.Day) (ledger.Role, error) {
	rules, err := tx.Rules(ctx, area)
	if err != nil {
		return "", err
	}
	mode, err := rules.At(day).CollectionMode()
	if err != nil {
		return "", err //nolint:wrapcheck // names the rule
	}
	if mode == policy.Tax {
		return ledger.FiscalSpecial, nil
	}
	return ledger.Income, nil
}

// Letter returns what is asked of a debtor. ErrLetter says what comes before a letter.
func (s *Service) Letter(ctx context.Context, by approval.Officer, id int64) (l Letter, err error) {
	if err := mayLook(by, false); err != nil {
		return l, err
	}
	err = s.store.Read(ctx, func(tx Tx) error {
		if l.Recovery, err = recoveryOf(ctx, tx, by.Area, id); err != nil {
			return err
		}
		if err := l.letterable(); err != nil {
			return err
		}
		role, err := collectingRole(ctx, tx, by.Area, s.today())
		if err != nil {
			return err
		}
		l.On = s.today()
		l.Agency, l.PayTo, err = tx.PayTo(ctx, by.Area, role, l.Scheme)
		return err
	})
	return l, err
}

// AboutRecovery says what a plan, a receipt or a sentence does, or why it cannot be.
func AboutRecovery(ctx context.Context, tx Tx, area party.Area, subject int64, today calendar.Day) (string, error) {
	if told, ok, err := sentenceOf(ctx, tx, area, subject); err != nil || ok {
		return told.about(), err
	}
	p, x, c, err := recoverySubject(ctx, tx, area, subject)
	switch {
	case err != nil:
		return "", err
	case x.ID != 0:
		if _, err := receivingRole(ctx, tx, &c, &x, today); err != nil {
			return "", err
		}
		x.settles(&c)
		return x.about(&c), nil
	}
	if p.Offsets, err = offer(ctx, tx, &c, today, true); err != nil {
		return "", err
	}
	if p.Asked > 0 && len(p.Instalments) == 0 {
		return "", ErrPlan.With("something is asked now, and the plan has no instalments")
	}
	return p.about(&c), nil
}

func recoverySubject(
	ctx context.Context, tx Tx, area party.Area, subject int64,
) (p Plan, x Receipt, c Recovery, err error) {
	p, isPlan, err := tx.PlanByID(ctx, area, subject)
	if err != nil {
		return p, x, c, err
	}
	id := p.Case
	if !isPlan {
		var isReceipt bool
		if x, isReceipt, err = tx.RecoveryReceiptByID(ctx, area, subject); err != nil {
			return p, x, c, err
		}
		if !isReceipt {
			return p, x, c, ErrRecovery
		}
		id = x.Case
	}
	if err := tx.LockRecovery(ctx, area, id); err != nil {
		return p, x, c, err
	}
	if c, err = recoveryOf(ctx, tx, area, id); err != nil {
		return p, x, c, err
	}
	return p, x, c, stillOpen(&c)
}

// EnterRecovery puts an approved plan or sentence in force, or books an approved receipt.
func EnterRecovery(ctx context.Context, tx Tx, r casework.Request, today calendar.Day) error {
	if told, ok, err := sentenceOf(ctx, tx, r.Area, r.Subject); err != nil || ok {
		if err == nil {
			err = tx.EnterSentence(ctx, told, today, r.ID)
		}
		if err == nil {
			_, err = tx.OpenRecoveries(ctx, r.Area, today, []int64{told.Member})
		}
		return err
	}
	p, x, c, err := recoverySubject(ctx, tx, r.Area, r.Subject)
	if err != nil {
		return err
	}
	if x.ID != 0 {
		role, err := receivingRole(ctx, tx, &c, &x, today)
		if err != nil {
			return err
		}
		suspended, err := tx.CreditOf(ctx, r.Area, x)
		if err != nil {
			return err
		}
		if err := tx.EnterReceipt(ctx, r.Area, today, x, r.ID); err != nil {
			return err
		}
		entries := x.vouchers(&c, role, today)
		if suspended {
			// Its arrival is booked: what settles it takes it out of suspense.
			entries = entries[1:]
		}
		_, err = tx.Book(ctx, r.Actor(), entries...)
		return err
	}
	if err := tx.EnterPlan(ctx, r.Area, today, p, r.ID); err != nil {
		return err
	}
	e, any := p.voucher(&c, today)
	if !any {
		return nil
	}
	_, err = tx.Book(ctx, r.Actor(), e)
	return err
}

// AskClaim asks that an heir is granted what is theirs. The answer's result is a Claim
// with what it is worth.
func (s *Service) AskClaim(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, c Claim,
) (once.Answer, error) {
	if err := c.check(); err != nil {
		return once.Answer{}, err //nolint:exhaustruct // none
	}
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		maker, err := atDesk(ctx, tx, by, approval.AgencyBusiness)
		if err != nil {
			return nil, err
		}
		c.Area, c.MadeBy, c.MadeOn, c.State = maker.Area, maker.Login, s.today(), string(casework.Submitted)
		if c.ReportedOn.IsZero() {
			c.ReportedOn = c.MadeOn
		}
		if c.ReportedOn.After(c.MadeOn) {
			return nil, ErrClaim.With("the family cannot have asked on a day that lies ahead").On("reported_on")
		}
		if c.Grant, err = worth(ctx, tx, &c, s.today()); err != nil {
			return nil, err
		}
		if c.ID, err = tx.AddClaim(ctx, c); err != nil {
			return nil, err
		}
		d := c.Digest()
		c.Decision, err = tx.AskDecision(ctx, by, s.today(), casework.Ask{ //nolint:exhaustruct // a claim
			Kind: casework.Due, Subject: c.ID, Word: casework.Entered, Document: c.Document, DocumentDigest: d[:],
		})
		return c, err
	})
}

// worth tells what a claim is worth while nothing is drawn from the account, and no run
// takes up what is owed. What was set off beyond what is owed is the heirs' again before.
func worth(ctx context.Context, tx Tx, c *Claim, today calendar.Day) (Grant, error) {
	if err := tx.HoldMember(ctx, c.Area); err != nil {
		return Grant{}, err //nolint:exhaustruct // none
	}
	if err := recredit(ctx, tx, c.Area, c.Member, today); err != nil {
		return Grant{}, err //nolint:exhaustruct // none
	}
	e, err := tx.EstateOf(ctx, c.Area, c.Member, true)
	if err != nil {
		return Grant{}, err //nolint:exhaustruct // none
	}
	if err := tx.HeirAccountFree(ctx, *c); err != nil {
		return Grant{}, err //nolint:exhaustruct // none
	}
	rules, err := tx.Rules(ctx, c.Area)
	if err != nil {
		return Grant{}, err //nolint:exhaustruct // none
	}
	return c.Worth(&e, rules)
}

func claimOf(ctx context.Context, tx Tx, area party.Area, id int64) (Claim, error) {
	list, err := tx.Claims(ctx, ClaimFilter{Area: area, ID: id, Member: 0, State: "", After: 0, Limit: 1})
	if err == nil && len(list) == 0 {
		err = ErrClaim.With("there is no such claim")
	}
	if err != nil {
		return Claim{}, err //nolint:exhaustruct // none
	}
	return list[0], nil
}

// AboutClaim says what a claim is worth now, or why it cannot be granted.
func AboutClaim(ctx context.Context, tx Tx, area party.Area, id int64, today calendar.Day) (string, error) {
	c, err := claimOf(ctx, tx, area, id)
	if err != nil {
		return "", err
	}
	g, err := worth(ctx, tx, &c, today)
	if err != nil {
		return "", err
	}
	return c.about(g), nil
}

// GrantClaim grants an approved claim.
func GrantClaim(ctx context.Context, tx Tx, r casework.Request, today calendar.Day) error {
	c, err := claimOf(ctx, tx, r.Area, r.Subject)
	if err != nil {
		return err
	}
	g, err := worth(ctx, tx, &c, today)
	if err != nil {
		return err
	}
	if d := c.Digest(); string(d[:]) != string(r.DocumentDigest) {
		return fmt.Errorf("claim %d is not what was asked for: %w", c.ID, approval.ErrDigest)
	}
	return tx.GrantClaim(ctx, c, g, today, r.ID, r.Maker)
}

// Claims lists claims of the officer's area by rising id.
func (s *Service) Claims(ctx context.Context, by approval.Officer, f ClaimFilter) ([]Claim, error) {
	if err := mayLook(by, false); err != nil {
		return nil, err
	}
	f.Area, f.Limit = by.Area, pageOf(f.Limit)
	var list []Claim
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		list, err = tx.Claims(ctx, f)
		return err
	})
	return list, err
}
