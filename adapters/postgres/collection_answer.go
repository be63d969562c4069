package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

func batchColumns() string {
	return `
	area, id, run_id, scheme, year, bank, clearing_bank, fund_account, batch_no, item_count, amount, digest, file_name,
	file_digest, file_size, created_on, state, version, succeeded, failed, succeeded_amount, arrived_amount, agreed_amount,
	(select f.account_no from fund_account f where f.area = withholding_batch.area and f.id = fund_account), ` +
		notExecuted(`withholding_batch`)
}

func scanBatch(row pgx.CollectableRow) (collection.Batch, error) {
	var b collection.Batch
	var digest, fileDigest []byte
	var amount, succeeded, arrived, agreed int64
	err := row.Scan(&b.Area, &b.ID, &b.Run, &b.Scheme, &b.Year, &b.Bank, &b.ClearingBank, &b.FundAccount, &b.Number,
		&b.Count, &amount, &digest, &b.FileName, &fileDigest, &b.FileSize, &b.CreatedOn, &b.State, &b.Version,
		&b.Progress.Succeeded, &b.Progress.Failed, &succeeded, &arrived, &agreed,
		&b.AccountNo, &b.Withheld)
	b.Amount = money.Amount(amount)
	copy(b.Digest[:], digest)
	copy(b.FileDigest[:], fileDigest)
	b.Progress.Open = b.Count - b.Progress.Succeeded - b.Progress.Failed
	b.Progress.SucceededAmount, b.Progress.Arrived = money.Amount(succeeded), money.Amount(arrived)
	b.Progress.Agreed = money.Amount(agreed)
	return b, err
}

// LockBatch implements collection.AnswerTx.
func (t *tx) LockBatch(ctx context.Context, area party.Area, bankCode string, id int64) (collection.Batch, error) {
	rows, err := t.Query(ctx, `
		select `+batchColumns()+` from withholding_batch
		where id = $1 and ($2 = 0 or area = $2) and ($3 = '' or bank = $3) for no key update`,
		id, int32(area), bankCode)
	return single(rows, err, fmt.Sprintf("lock batch %d", id), collection.ErrBatchUnknown, scanBatch)
}

// KnownItems implements collection.AnswerTx. A line is found by our item id, or
// where the format has no room for it by the social-security number within the
// batch; in both cases the batch, and so the bank, is part of the key.
func (t *tx) KnownItems(
	ctx context.Context, b collection.Batch, receipt int64, results []collection.Result,
) ([]*collection.Known, error) {
	ids, socials := make([]int64, len(results)), make([]string, len(results))
	for i, r := range results {
		ids[i] = r.Item
		if r.Item == 0 {
			socials[i] = r.SocialNo
		}
	}
	rows, err := t.Query(ctx, `
		select u.at, i.id, i.amount, i.account_no, i.name, i.id_number, coalesce(a.outcome, 'unknown'),
		       coalesce(a.receipt_id = $5, false)
		from unnest($3::bigint[], $4::text[]) with ordinality as u (item, social, at)
		cross join lateral (
			(select area, id, amount, account_no, name, id_number from withholding_item
			 where area = $1 and id = u.item and batch_id + 0 = $2 limit 1)
			union all
			select area, id, amount, account_no, name, id_number from withholding_item
			where area = $1 and batch_id = $2 and social_no = u.social and u.item = 0) i
		`+finalOfItem+` a on true`,
		b.Area, b.ID, ids, socials, receipt)
	if err != nil {
		return nil, fmt.Errorf("items of batch %s: %w", b.Number, err)
	}
	out := make([]*collection.Known, len(results))
	var at int
	var item, amount int64
	var account, name, idNumber, outcome string
	var seen bool
	_, err = pgx.ForEachRow(rows, []any{&at, &item, &amount, &account, &name, &idNumber, &outcome, &seen}, func() error {
		final, err := bank.ParseOutcome(outcome)
		if err != nil {
			return err
		}
		k := &collection.Known{Final: final, SeenInReceipt: seen} //nolint:exhaustruct // what was sent follows
		k.Item, k.Amount = item, money.Amount(amount)
		k.Name, k.IDNumber, k.Account = party.Stored(name, idNumber, account)
		out[at-1] = k
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("items of batch %s: %w", b.Number, err)
	}
	return out, nil
}

// AddAnswers implements collection.AnswerTx.
func (t *tx) AddAnswers(
	ctx context.Context, b collection.Batch, receipt int64, ds []collection.Decision, today calendar.Day,
) error {
	n := len(ds)
	lines, items := make([]int32, n), make([]*int64, n)
	outcomes, classes, codes, texts := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	amounts, references := make([]*int64, n), make([]string, n)
	days, dispositions, refusals := make([]*string, n), make([]string, n), make([]string, n)
	var cases []Case
	for i, d := range ds {
		lines[i] = int32(d.Line) //nolint:gosec // bounded by the file's rows
		if d.Item != 0 && d.Refusal != "unknown_item" {
			items[i] = &ds[i].Item
		}
		outcomes[i], classes[i], codes[i], texts[i] = d.Outcome.String(), string(d.Class), d.Code, d.Text
		if d.Amount != nil {
			fen := d.Amount.Fen()
			amounts[i] = &fen
		}
		references[i], dispositions[i], refusals[i] = d.BankReference, string(d.Disposition), d.Refusal
		if !d.ValueDate.IsZero() {
			day := d.ValueDate.String()
			days[i] = &day
		}
		if d.Disposition == collection.Refused {
			cases = append(cases, Case{
				Kind: "answer_refused", Subject: fmt.Sprintf("receipt:%d:%d", receipt, d.Line), Bank: b.Bank,
				Text: d.Refusal + ": " + d.Reason,
			})
		}
	}
	_, err := t.Exec(ctx, `
		with kept as (
			insert into answer (area, receipt_id, line, batch_id, item_id, outcome, class, code, text, amount,
				bank_reference, value_date, disposition, refusal, answered_at, business_day)
			select $1, $2, u.line, $3, u.item, u.outcome, u.class, u.code, u.text, u.amount, u.reference, u.day::date,
				u.disposition, u.refusal, $15, $16::date
			from unnest($4::int[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bigint[],
				$11::text[], $12::text[], $13::text[], $14::text[])
				as u (line, item, outcome, class, code, text, amount, reference, day, disposition, refusal)
			returning id, outcome, amount, disposition),
		counted as (
			select count(*) filter (where outcome = 'succeeded') as succeeded,
			       count(*) filter (where outcome = 'failed') as failed,
			       coalesce(sum(amount) filter (where outcome = 'succeeded'), 0)::bigint as amount, max(id) as last
			from kept where disposition = 'recorded')
		update withholding_batch b set succeeded = b.succeeded + c.succeeded, failed = b.failed + c.failed,
			succeeded_amount = b.succeeded_amount + c.amount, last_answer = coalesce(c.last, b.last_answer)
		from counted c where b.area = $1 and b.id = $3`,
		b.Area, receipt, b.ID, lines, items, outcomes, classes, codes, texts, amounts, references, days, dispositions,
		refusals, t.at, today)
	if err != nil {
		return fmt.Errorf("keep answers of receipt %d: %w", receipt, err)
	}
	if len(cases) > 0 {
		return t.OpenCase(ctx, b.Area, cases...)
	}
	return nil
}

// MoveBatch implements collection.AnswerTx.
func (t *tx) MoveBatch(
	ctx context.Context, b collection.Batch, next bank.BatchState, actor, evidence string,
) (collection.Batch, error) {
	if !b.State.CanBecome(next) {
		return b, bank.ErrBatchState.With("batch %s is %s and cannot become %s", b.Number, b.State, next)
	}
	tag, err := t.Exec(ctx, `
		update withholding_batch set state = $4, version = version + 1
		where area = $1 and id = $2 and version = $3`, b.Area, b.ID, b.Version, string(next))
	if err != nil {
		return b, fmt.Errorf("move batch %s to %s: %w", b.Number, next, err)
	}
	if tag.RowsAffected() != 1 {
		return b, bank.ErrBatchState.With("batch %s was moved by somebody else", b.Number)
	}
	_, err = t.Exec(ctx, `
		insert into batch_event (area, batch_id, version, from_state, to_state, actor, at, evidence)
		values ($1, $2, $3, $4, $5, $6, $7, jsonb_build_object('because', $8::text))`,
		b.Area, b.ID, b.Version+1, string(b.State), string(next), actor, t.at, evidence)
	if err != nil {
		return b, fmt.Errorf("move batch %s to %s: %w", b.Number, next, err)
	}
	b.State, b.Version = next, b.Version+1
	if next != bank.BatchDone {
		return b, nil
	}
	return b, t.EndCase(ctx, b.Area, "bank_silent", fmt.Sprintf("batch:%d", b.ID), actor, "every item has a final answer")
}

// AnsweredLines implements collection.AnswerTx.
func (t *tx) AnsweredLines(ctx context.Context, area party.Area, receipt int64) (int, bank.Counts, error) {
	var last int
	var c bank.Counts
	var amount int64
	err := t.QueryRow(ctx, `
		select coalesce(max(line), 0), count(*), count(*) filter (where disposition = 'recorded'),
			count(*) filter (where disposition = 'repeated'), count(*) filter (where disposition = 'pending'),
			count(*) filter (where disposition = 'refused'),
			coalesce(sum(amount) filter (where disposition = 'recorded' and outcome = 'succeeded'), 0)::bigint
		from answer where area = $1 and receipt_id = $2`, area, receipt).
		Scan(&last, &c.Rows, &c.Recorded, &c.Repeated, &c.Pending, &c.Refused, &amount)
	if err != nil {
		return 0, c, fmt.Errorf("lines of receipt %d: %w", receipt, err)
	}
	c.Amount = money.Amount(amount)
	return last, c, nil
}
