package main

import (
	"context"
	"errors"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// payRun is what an officer sees of a pay run.
type payRun struct {
	ID       string       `json:"id"`
	State    string       `json:"state"`
	Count    int          `json:"item_count"`
	Amount   money.Amount `json:"amount"`
	Digest   string       `json:"digest"`
	PayDay   calendar.Day `json:"pay_day"`
	Handover calendar.Day `json:"handover_due"`
	Batches  []struct {
		Bank   string       `json:"bank"`
		Amount money.Amount `json:"amount"`
	} `json:"batches"`
}

// prepareRun has the business desk make and submit a run, and its checker approve
// it. found is false where the kind has nobody to pay.
func (s *stage) prepareRun(ctx context.Context, month calendar.Month, kind string) (run payRun, found bool, err error) {
	err = s.desks["business"].post(ctx, "/v1/pay-runs",
		map[string]any{"scheme": "rural", "month": month.String(), "kind": kind}, &run)
	var r *refusal
	if kind != "regular" && errors.As(err, &r) && r.code() == "nothing_to_pay" {
		return run, false, nil
	}
	if err != nil {
		return run, false, err
	}
	if err := s.desks["business"].post(ctx, "/v1/pay-runs/"+run.ID+"/submit", map[string]any{}, &run); err != nil {
		return run, false, err
	}
	err = s.desks["business-check"].post(ctx, "/v1/pay-runs/"+run.ID+"/approve", map[string]string{"digest": run.Digest}, &run)
	return run, err == nil, err
}

// release has the third person let a run go.
func (s *stage) release(ctx context.Context, run payRun) error {
	err := s.desks["releaser"].post(ctx, "/v1/pay-runs/"+run.ID+"/release", map[string]string{"digest": run.Digest}, &run)
	if err == nil && run.State != "released" {
		return errDemo.With("pay run %s is %s after its release", run.ID, run.State)
	}
	return err
}

// tally is a count and an amount of the cycle proof.
type tally struct {
	Count  int          `json:"count"`
	Amount money.Amount `json:"amount"`
}

// cycleProof is what the auditor reads of a run.
type cycleProof struct {
	Entitled   tally    `json:"entitled"`
	Held       tally    `json:"held"`
	Sent       tally    `json:"sent"`
	Succeeded  tally    `json:"succeeded"`
	Rejected   tally    `json:"rejected"`
	Returned   tally    `json:"returned"`
	Reissued   tally    `json:"reissued"`
	Paid       tally    `json:"paid"`
	Open       tally    `json:"open"`
	NotInPlace tally    `json:"not_in_place"`
	Holds      bool     `json:"holds"`
	Breaks     []string `json:"breaks"`
}

// proof reads a run's cycle proof; one that does not hold is an error.
func (s *stage) proof(ctx context.Context, run string) (cycleProof, error) {
	var p cycleProof
	if err := s.desks["auditor"].get(ctx, "/v1/pay-runs/"+run+"/proof", &p); err != nil {
		return p, err
	}
	if !p.Holds {
		return p, errDemo.With("the cycle proof of pay run %s does not hold: %v", run, p.Breaks)
	}
	return p, nil
}

// changeAccount is asked for by one person of the business desk and approved by another.
func (s *stage) changeAccount(ctx context.Context, member string, change map[string]any) error {
	var list struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	if err := s.desks["business"].get(ctx, "/v1/members/"+member+"/instruments", &list); err != nil {
		return err
	}
	if len(list.Items) != 1 {
		return errDemo.With("a pensioner has %d accounts, want 1", len(list.Items))
	}
	path := "/v1/instruments/" + list.Items[0].ID + "/change"
	var made struct {
		Digest string `json:"digest"`
	}
	if err := s.desks["business"].post(ctx, path, change, &made); err != nil {
		return err
	}
	return s.desks["business-check"].post(ctx, path+"/approve", map[string]string{"digest": made.Digest}, nil)
}
