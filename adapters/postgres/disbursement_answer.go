package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// paymentColumns are the columns of payment_item, paymentReturnColumns those of
// payment_return that its readers want, for looking rows up one by one.
const (
	paymentColumns = `area, id, batch_id, seq, member_id, month, cause, attempt, replaces, from_suspense, base_pension,
		account_pension, funeral_grant, one_off, amount, instrument_id, account_no, name, id_number, social_no, region,
		activated`
	paymentReturnColumns = `area, id, item_id, amount, bank_reference, value_date, code, class, text`
)

// KnownPayments implements disbursement.AnswerTx. A line is found by our item id,
// or where the format has no room for it by the social-security number within the
// batch; in both cases the batch, and so the bank, is part of the key. A person
// may be paid for several months in one batch: the amount and the account tell
// which, or nothing does.
func (t *tx) KnownPayments(
	ctx context.Context, b disbursement.Batch, receipt int64, answers []bank.Answer,
) ([]*disbursement.KnownPayment, error) {
	ids, socials := make([]int64, len(answers)), make([]string, len(answers))
	for i, a := range answers {
		ids[i] = a.Item
		if a.Item == 0 {
			socials[i] = a.SocialNo
		}
	}
	rows, err := t.Query(ctx, `
		select u.at, `+payItemColumns+`, coalesce(a.outcome, 'unknown'), coalesce(a.receipt_id = $5, false),
			coalesce(a.bank_reference, ''),
			exists (select from payment_return v where v.area = i.area and v.item_id = i.id)
		from unnest($3::bigint[], $4::text[]) with ordinality as u (item, social, at)
		cross join lateral (
			(select `+paymentColumns+` from payment_item where area = $1 and id = u.item and batch_id + 0 = $2 limit 1)
			union all
			select `+paymentColumns+` from payment_item where area = $1 and batch_id = $2 and social_no = u.social and u.item = 0) i
		`+finalOfItem+` a on true`, b.Area, b.ID, ids, socials, receipt)
	if err != nil {
		return nil, fmt.Errorf("payments of batch %s: %w", b.Number, err)
	}
	out := make([]*disbursement.KnownPayment, len(answers))
	var r payItemRow
	var k disbursement.KnownPayment
	var at int
	var outcome string
	targets := append([]any{&at}, r.targets()...)
	_, err = pgx.ForEachRow(rows, append(targets, &outcome, &k.SeenInReceipt, &k.Reference, &k.Returned), func() error {
		var err error
		if k.Final, err = bank.ParseOutcome(outcome); err != nil {
			return err
		}
		k.Payment = r.value()
		k.Sent = bank.Sent{
			Item: k.Payment.ID, Amount: k.Payment.Sum(), Account: k.Payment.Account, Name: k.Payment.Name,
			IDNumber: k.Payment.IDNumber,
		}
		out[at-1] = likelier(answers[at-1], out[at-1], k)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("payments of batch %s: %w", b.Number, err)
	}
	return out, nil
}

// likelier returns which of two payments of one person a line is about.
func likelier(a bank.Answer, before *disbursement.KnownPayment, k disbursement.KnownPayment) *disbursement.KnownPayment {
	fits := func(k disbursement.KnownPayment) bool {
		return (a.Amount == nil || *a.Amount == k.Amount) && (a.Account == "" || a.Account == k.Account.Plain())
	}
	switch {
	case before == nil:
		return &k
	case fits(*before) == fits(k):
		before.Ambiguous = true
		return before
	case fits(k):
		return &k
	}
	return before
}

// answerColumns are decisions by column, as unnest takes them.
type answerColumns struct {
	lines                                                       []int32
	items, amounts                                              []*int64
	outcomes, classes, codes, texts, references, kept, refusals []string
	days                                                        []*string
	cases                                                       []Case
}

func answersByColumn(receipt int64, bankCode string, ds []bank.Decision) answerColumns {
	var c answerColumns
	for i, d := range ds {
		c.lines = append(c.lines, int32(d.Line)) //nolint:gosec // bounded by the file's rows
		var item, amount *int64
		if d.Item != 0 && d.Refusal != "unknown_item" && d.Refusal != "ambiguous_item" {
			item = &ds[i].Item
		}
		if d.Amount != nil {
			fen := d.Amount.Fen()
			amount = &fen
		}
		c.items, c.amounts, c.days = append(c.items, item), append(c.amounts, amount), append(c.days, dayText(d.ValueDate))
		c.outcomes, c.classes = append(c.outcomes, d.Outcome.String()), append(c.classes, string(d.Class))
		c.codes, c.texts = append(c.codes, d.Code), append(c.texts, d.Text)
		c.references, c.kept = append(c.references, d.BankReference), append(c.kept, string(d.Disposition))
		c.refusals = append(c.refusals, d.Refusal)
		if d.Disposition == bank.Refused {
			c.cases = append(c.cases, Case{
				Kind: "answer_refused", Subject: fmt.Sprintf("receipt:%d:%d", receipt, d.Line), Bank: bankCode,
				Text: d.Refusal + ": " + d.Reason,
			})
		}
	}
	return c
}

func dayText(d calendar.Day) *string {
	if d.IsZero() {
		return nil
	}
	s := d.String()
	return &s
}

// AddPaymentAnswers implements disbursement.AnswerTx.
func (t *tx) AddPaymentAnswers(
	ctx context.Context, b disbursement.Batch, receipt int64, ds []bank.Decision, today calendar.Day,
) (disbursement.Batch, error) {
	c := answersByColumn(receipt, b.Bank, ds)
	p := &b.Progress
	err := t.QueryRow(ctx, `
		with kept as (
			insert into answer (area, receipt_id, line, batch_id, item_id, outcome, class, code, text, amount,
				bank_reference, value_date, disposition, refusal, answered_at, business_day)
			select $1, $2, u.line, $3, u.item, u.outcome, u.class, u.code, u.text, u.amount, u.reference, u.day::date,
				u.disposition, u.refusal, $15, $16::date
			from unnest($4::int[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bigint[],
				$11::text[], $12::text[], $13::text[], $14::text[])
				as u (line, item, outcome, class, code, text, amount, reference, day, disposition, refusal)
			returning id, item_id, outcome, disposition),
		counted as (
			select count(*) filter (where k.outcome = 'succeeded') as succeeded,
			       count(*) filter (where k.outcome = 'failed') as failed,
			       coalesce(sum(i.amount) filter (where k.outcome = 'succeeded'), 0)::bigint as succeeded_amount,
			       coalesce(sum(i.amount) filter (where k.outcome = 'failed'), 0)::bigint as failed_amount,
			       max(k.id) as last
			from kept k
			cross join lateral (select amount from payment_item where area = $1 and id = k.item_id limit 1) i
			where k.disposition = 'recorded')
		update payment_batch b set succeeded = b.succeeded + c.succeeded, failed = b.failed + c.failed,
			succeeded_amount = b.succeeded_amount + c.succeeded_amount, failed_amount = b.failed_amount + c.failed_amount,
			last_answer = coalesce(c.last, b.last_answer), posted_upto = coalesce(c.last, b.posted_upto)
		from counted c where b.area = $1 and b.id = $3
		returning b.succeeded, b.failed, b.succeeded_amount, b.failed_amount, b.last_answer, b.posted_upto`,
		b.Area, receipt, b.ID, c.lines, c.items, c.outcomes, c.classes, c.codes, c.texts, c.amounts, c.references, c.days,
		c.kept, c.refusals, t.at, today).
		Scan(&p.Succeeded, &p.Failed, &p.SucceededAmount, &p.FailedAmount, &p.LastAnswer, &p.PostedUpto)
	if err != nil {
		return b, fmt.Errorf("keep answers of receipt %d: %w", receipt, err)
	}
	p.Open = b.Count - p.Succeeded - p.Failed
	if len(c.cases) > 0 {
		return b, t.OpenCase(ctx, b.Area, c.cases...)
	}
	return b, nil
}

// LastAnswered implements disbursement.AnswerTx.
func (t *tx) LastAnswered(ctx context.Context, area party.Area, receipt int64) (int, error) {
	var last int
	err := t.QueryRow(ctx, `select coalesce(max(line), 0) from answer where area = $1 and receipt_id = $2`, area, receipt).
		Scan(&last)
	if err != nil {
		return 0, fmt.Errorf("last line of receipt %d: %w", receipt, err)
	}
	return last, nil
}

// HoldPersonal implements disbursement.AnswerTx. The lock comes first, in a
// statement of its own: what was drawn before is seen after it.
func (t *tx) HoldPersonal(
	ctx context.Context, area party.Area, members []int64,
) (map[int64]disbursement.PersonalParts, error) {
	_, err := t.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('drawing ' || $1::int, 0))`, int32(area))
	if err != nil {
		return nil, fmt.Errorf("hold personal accounts of area %s: %w", area, err)
	}
	rows, err := t.Query(ctx, `
		select u.member, p.role, p.amount
		from unnest($2::bigint[]) as u (member)
		cross join lateral (
			select role, sum(case when (side = 'credit') <> red then amount else -amount end)::bigint as amount
			from posting where area = $1 and member_id = u.member and role = any($3)
			group by role) p`, area, members, personalRoles())
	if err != nil {
		return nil, fmt.Errorf("personal accounts of %d members: %w", len(members), err)
	}
	return partsByOwner(rows, "personal accounts")
}

func personalRoles() []string {
	return []string{
		string(ledger.PersonalIndividual), string(ledger.PersonalCollective), string(ledger.PersonalSubsidy),
		string(ledger.PersonalInterest),
	}
}

// partsByOwner reads rows of an id, a personal role and an amount.
func partsByOwner(rows pgx.Rows, what string) (map[int64]disbursement.PersonalParts, error) {
	out := make(map[int64]disbursement.PersonalParts)
	var owner, fen int64
	var role string
	_, err := pgx.ForEachRow(rows, []any{&owner, &role, &fen}, func() error {
		p, amount := out[owner], money.Amount(fen)
		switch ledger.Role(role) { //nolint:exhaustive // the query asks for the four
		case ledger.PersonalIndividual:
			p.Individual = amount
		case ledger.PersonalCollective:
			p.Collective = amount
		case ledger.PersonalSubsidy:
			p.Subsidy = amount
		case ledger.PersonalInterest:
			p.Interest = amount
		default:
			return fmt.Errorf("%s is no part of a personal account", role)
		}
		out[owner] = p
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return out, nil
}

// SilentPayBatches implements disbursement.WatchTx.
func (t *tx) SilentPayBatches(
	ctx context.Context, area party.Area, day calendar.Day,
) ([]disbursement.Batch, error) {
	rows, err := t.Query(ctx, `
		select `+payBatchColumns()+`
		from payment_batch b join pay_run r on r.area = b.area and r.id = b.run_id
		where b.area = $1 and b.state in ('sending', 'sent', 'acked', 'unknown') and b.succeeded + b.failed < b.item_count
		  and greatest(r.pay_day, r.released_on) <= $2
		order by b.id for no key update of b`, area, day)
	if err != nil {
		return nil, fmt.Errorf("silent payment batches of area %s: %w", area, err)
	}
	return collect(rows, "silent payment batches", scanPayBatch)
}

// QueryPayments implements disbursement.WatchTx.
func (t *tx) QueryPayments(ctx context.Context, b disbursement.Batch, today calendar.Day) (int, error) {
	tag, err := t.Exec(ctx, `
		insert into bank_query (area, item_id, batch_id, asked_on, asked_at)
		select i.area, i.id, i.batch_id, $3, $4 from payment_item i
		`+finalOfItem+` a on true
		where i.area = $1 and i.batch_id = $2 and a.outcome is null
		on conflict (area, item_id, asked_on) do nothing`, b.Area, b.ID, today, t.at)
	if err != nil {
		return 0, fmt.Errorf("query payments of batch %s: %w", b.Number, err)
	}
	return int(tag.RowsAffected()), nil
}
