package collection

import (
	"context"
	"errors"
	"sync"

	"twoline/gateway/audit"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// Counter takes payments at counters and terminals. Payments that come at the
// same time share one transaction: they wait for no timer, only for the group
// before theirs, so a single payment is a group of one. It is safe for
// concurrent use.
type Counter struct {
	service *Service
	queue   chan *payment
	workers int
}

// maxGroup bounds a group, and with it the memory and the length of a transaction.
const maxGroup = 256

// NewCounter returns a counter; payments wait until Run is called.
func NewCounter(s *Service) *Counter {
	return &Counter{service: s, queue: make(chan *payment, 4*maxGroup), workers: 2}
}

// payment is one request that waits for its answer.
type payment struct {
	request once.Request
	render  once.Render
	payment CounterPayment
	account string
	// origin is what the audit trail says of the request; nil where nothing asks for it.
	origin *audit.Row
	done   chan paid
}

type paid struct {
	answer once.Answer
	err    error
}

// Pay takes one payment. account is the number of the fund account that the
// bank will credit with the terminal's day.
func (c *Counter) Pay(
	ctx context.Context, r once.Request, render once.Render, by bank.Caller, account string, p CounterPayment,
) (once.Answer, error) {
	p.Bank = by.Code
	work := &payment{
		request: r, render: render, payment: p, account: account, origin: nil, done: make(chan paid, 1),
	}
	if origin, ok := audit.Origin(ctx); ok {
		work.origin = &origin
	}
	select {
	case c.queue <- work:
	case <-ctx.Done():
		return once.Answer{}, ctx.Err() //nolint:exhaustruct // no answer
	}
	select {
	case out := <-work.done:
		return out.answer, out.err
	case <-ctx.Done():
		return once.Answer{}, ctx.Err() //nolint:exhaustruct // no answer
	}
}

// Run commits groups until ctx ends; payments in the queue are then refused as
// unavailable, and none of them has an effect.
func (c *Counter) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for range c.workers {
		wg.Go(func() { c.work(ctx) })
	}
	wg.Wait()
	for {
		select {
		case p := <-c.queue:
			p.done <- paid{answer: once.Answer{}, err: ErrClosing} //nolint:exhaustruct // no answer
		default:
			return
		}
	}
}

func (c *Counter) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case first := <-c.queue:
			group := append(make([]*payment, 0, maxGroup), first)
			for len(group) < maxGroup {
				select {
				case next := <-c.queue:
					group = append(group, next)
					continue
				default:
				}
				break
			}
			c.commit(context.WithoutCancel(ctx), group)
		}
	}
}

// commit runs a group in one transaction; where the group fails, each payment
// is tried by itself, so that one bad payment harms no other.
func (c *Counter) commit(ctx context.Context, group []*payment) {
	first, again := distinct(group)
	out, err := c.take(ctx, first)
	for i, p := range first {
		switch {
		case err == nil:
			p.done <- out[i]
		case len(first) == 1:
			p.done <- paid{answer: once.Answer{}, err: err} //nolint:exhaustruct // no answer
		default:
			c.commit(ctx, []*payment{p})
		}
	}
	if len(again) > 0 {
		c.commit(ctx, again)
	}
}

// distinct parts a group from repetitions of its own requests, which are
// answered after it.
func distinct(group []*payment) (first, again []*payment) {
	seen := make(map[[3]string]bool, len(group))
	for _, p := range group {
		key := [3]string{p.request.Caller, p.request.Route, p.request.Key}
		if seen[key] {
			again = append(again, p)
			continue
		}
		seen[key] = true
		first = append(first, p)
	}
	return first, again
}

// take is the transaction of a group.
func (c *Counter) take(ctx context.Context, group []*payment) ([]paid, error) {
	var out []paid
	run := func(tx Tx) error {
		var err error
		out, err = c.takeIn(ctx, tx, group)
		return err
	}
	err := c.service.store.InTx(ctx, run)
	for range 8 {
		if !errors.Is(err, once.ErrTaken) && !errors.Is(err, ErrContended) {
			break
		}
		err = c.service.store.InTx(ctx, run)
	}
	return out, err
}

func (c *Counter) takeIn(ctx context.Context, tx Tx, group []*payment) ([]paid, error) {
	out := make([]paid, len(group))
	requests := make([]once.Request, len(group))
	banks, numbers := make([]string, len(group)), make([]string, len(group))
	for i, p := range group {
		requests[i], banks[i], numbers[i] = p.request, p.payment.Bank, p.account
	}
	opened, err := tx.OpenGroup(ctx, requests, banks, numbers)
	if err != nil {
		return nil, err
	}
	var fresh []int
	for i, s := range opened.Stored {
		if s != nil {
			out[i].answer, out[i].err = s.Replay(requests[i])
			continue
		}
		fresh = append(fresh, i)
	}
	if len(fresh) == 0 {
		return out, nil
	}
	if err := c.takeFresh(ctx, tx, group, opened, fresh, out); err != nil {
		return nil, err
	}
	return out, replayLate(ctx, tx, requests, out)
}

// replayLate answers what was refused only because another transaction took the
// same request after we had asked for it: its receipt stands in our way.
func replayLate(ctx context.Context, tx Tx, requests []once.Request, out []paid) error {
	var refused []int
	var again []once.Request
	for i := range out {
		if out[i].err != nil {
			refused, again = append(refused, i), append(again, requests[i])
		}
	}
	if len(again) == 0 {
		return nil
	}
	stored, err := tx.RecallAll(ctx, again)
	if err != nil {
		return err
	}
	for i, s := range stored {
		if s != nil {
			out[refused[i]].answer, out[refused[i]].err = s.Replay(again[i])
		}
	}
	return nil
}

// takeFresh decides payments that have no answer yet, and keeps those that are
// accepted with their answers.
func (c *Counter) takeFresh(
	ctx context.Context, tx Tx, group []*payment, opened Group, fresh []int, out []paid,
) error {
	accepted, ordinals, err := c.decide(ctx, tx, group, opened, fresh, out)
	if err != nil || len(accepted) == 0 {
		return err
	}
	payments := make([]CounterPayment, len(accepted))
	for i, at := range accepted {
		payments[i] = group[at].payment
		payments[i].ID = opened.IDs[at]
	}
	refused, err := tx.AddCounterReceipts(ctx, payments, ordinals)
	if err != nil {
		return err
	}
	var kept []once.Request
	var answers []once.Answer
	var trail []audit.Row
	for i, at := range accepted {
		if refused[i] != nil {
			out[at].err = refused[i]
			continue
		}
		out[at].answer, out[at].err = group[at].render(payments[i])
		if out[at].err != nil {
			return out[at].err
		}
		kept, answers = append(kept, group[at].request), append(answers, out[at].answer)
		if group[at].origin != nil {
			trail = append(trail, *group[at].origin)
		}
	}
	return tx.KeepAll(ctx, kept, answers, trail)
}

// decide fills in areas and accounts and refuses what may not be taken. The
// payments of one member within the group are decided in their order.
func (c *Counter) decide(
	ctx context.Context, tx Tx, group []*payment, opened Group, fresh []int, out []paid,
) (accepted, ordinals []int, err error) {
	accounts := make([]FundAccount, len(fresh))
	for i, at := range fresh {
		accounts[i] = opened.Accounts[at]
	}
	dues, err := c.dues(ctx, tx, group, fresh, accounts)
	if err != nil {
		return nil, nil, err
	}
	closed, err := c.modes(ctx, tx, group, fresh, accounts)
	if err != nil {
		return nil, nil, err
	}
	today := c.service.today()
	taken := map[[2]int64]money.Amount{}
	payments := map[[2]int64]int{}
	for i, at := range fresh {
		p := &group[at].payment
		p.Area, p.FundAccount = accounts[i].Area, accounts[i].ID
		if out[at].err = closed[areaDay{p.Area, p.PaidOn}]; out[at].err != nil {
			continue
		}
		key := [2]int64{p.Member, int64(p.Year)}
		if out[at].err = refusePayment(p, accounts[i], dues[i], taken[key], today); out[at].err != nil {
			continue
		}
		taken[key] += p.Amount
		payments[key]++
		accepted = append(accepted, at)
		ordinals = append(ordinals, dues[i].Payments+payments[key])
	}
	return accepted, ordinals, nil
}

// areaDay is a day in an area.
type areaDay struct {
	area party.Area
	day  calendar.Day
}

// modes asks who collected on the days of payment, and returns why payments of a day are
// refused: the tax authority's are told by its list, or nobody decided.
func (c *Counter) modes(
	ctx context.Context, tx Tx, group []*payment, fresh []int, accounts []FundAccount,
) (map[areaDay]error, error) {
	closed := map[areaDay]error{}
	for i, at := range fresh {
		k := areaDay{accounts[i].Area, group[at].payment.PaidOn}
		if _, asked := closed[k]; asked || k.area == 0 || k.day.IsZero() {
			continue
		}
		mode, err := tx.CollectionMode(ctx, k.area, k.day)
		switch {
		case errors.Is(err, policy.ErrNoRule):
			closed[k] = err
		case err != nil:
			return nil, err
		case mode == policy.Tax:
			closed[k] = ErrTaxMode.On("paid_on")
		default:
			closed[k] = nil
		}
	}
	return closed, nil
}

func (c *Counter) dues(
	ctx context.Context, tx Tx, group []*payment, fresh []int, accounts []FundAccount,
) ([]CounterDue, error) {
	members, years := make([]int64, len(fresh)), make([]int, len(fresh))
	areas := make([]party.Area, len(fresh))
	for i, at := range fresh {
		areas[i], members[i], years[i] = accounts[i].Area, group[at].payment.Member, group[at].payment.Year
	}
	return tx.HeldCounterDues(ctx, areas, members, years)
}

func refusePayment(
	p *CounterPayment, account FundAccount, due CounterDue, takenInGroup money.Amount, today calendar.Day,
) error {
	switch {
	case account.ID == 0:
		return ErrFundAccount.On("account")
	case due.Scheme == "" || due.Scheme != account.Scheme:
		return ErrMemberUnknown.On("member_id")
	case p.PaidOn.IsZero() || p.PaidOn.After(today) || p.PaidOn.Before(account.OpenedOn):
		return ErrDay.On("paid_on")
	case !due.Died.IsZero() && p.PaidOn.After(due.Died):
		return ErrMemberDied.On("member_id")
	case !due.Left.IsZero() && p.PaidOn.After(due.Left):
		return ErrMemberLeft.On("member_id")
	case due.drawsOn(p.PaidOn):
		return ErrDraws.On("member_id")
	case p.Year > p.PaidOn.Year():
		return ErrYearAhead.On("year")
	case due.Chosen == 0:
		return ErrNotChosen.On("year")
	case p.Amount > due.Open()-takenInGroup:
		return due.owes(due.Open() - takenInGroup).On("amount")
	}
	return nil
}
