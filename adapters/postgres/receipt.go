package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/bank"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

type receiptStore struct{ db *DB }

// Receipts stores files as banks send them.
func (db *DB) Receipts() bank.ReceiptStore { return receiptStore{db} }

func (s receiptStore) InTx(ctx context.Context, fn func(bank.ReceiptTx) error) error {
	return s.db.InTx(ctx, func(t *tx) error { return fn(t) })
}

func (s receiptStore) Read(ctx context.Context, fn func(bank.ReceiptTx) error) error {
	return s.db.Read(ctx, func(t *tx) error { return fn(t) })
}

// BeginReceipt implements bank.ReceiptTx.
func (t *tx) BeginReceipt(ctx context.Context, r bank.Receipt) (int64, error) {
	var id int64
	err := t.QueryRow(ctx, `
		insert into receipt (area, bank, kind, subject, name, part, declared_count, declared_amount, state,
			received_by, received_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, 'receiving', $9, $10) returning id`,
		r.Area, r.Bank, r.Kind, orNull(r.Subject), r.Name, r.Part, r.Count, fenOrNull(r.Amount), r.ReceivedBy,
		t.at).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("begin receipt: %w", err)
	}
	return id, nil
}

func fenOrNull(a *money.Amount) any {
	if a == nil {
		return nil
	}
	return a.Fen()
}

// AddReceiptPart implements bank.ReceiptTx.
func (t *tx) AddReceiptPart(ctx context.Context, area party.Area, receipt int64, part int, bytes []byte) error {
	_, err := t.Exec(ctx, `insert into receipt_part (area, receipt_id, part, bytes) values ($1, $2, $3, $4)
		on conflict do nothing`, area, receipt, part, bytes)
	if err != nil {
		return fmt.Errorf("store part %d of receipt %d: %w", part, receipt, err)
	}
	return nil
}

// FinishReceipt implements bank.ReceiptTx. The advisory lock makes two equal
// uploads at one moment wait for each other; the unique indexes decide.
func (t *tx) FinishReceipt(ctx context.Context, r bank.Receipt) (bank.Receipt, error) {
	none := bank.Receipt{} //nolint:exhaustruct // none
	var sameContent, sameName int64
	var err error
	// Requests are known by their Idempotency-Key already.
	if !r.Kind.IsRequest() {
		sameContent, sameName, err = t.knownFile(ctx, r)
	}
	if err != nil {
		return none, err
	}
	switch {
	case sameContent != 0:
		_, err = t.Exec(ctx, `update receipt set state = 'duplicate', digest = $3, size = $4, duplicate_of = $5,
			processed_at = $6 where area = $1 and id = $2 and state = 'receiving'`,
			r.Area, r.ID, r.Digest[:], r.Size, sameContent, t.at)
	case sameName != 0:
		err = t.QuarantineReceipt(ctx, r, "name_reused", "a file of this name with other content is known already")
	default:
		_, err = t.Exec(ctx, `update receipt set state = 'received', digest = $3, size = $4
			where area = $1 and id = $2 and state = 'receiving'`, r.Area, r.ID, r.Digest[:], r.Size)
	}
	if err != nil {
		return none, fmt.Errorf("finish receipt %d: %w", r.ID, err)
	}
	return t.Receipt(ctx, r.Area, r.ID)
}

// knownFile finds a file of the same subject with the same content, under whatever
// name, and one of the same name with other content. An empty file, which many
// batches have, is the same only under its name.
func (t *tx) knownFile(ctx context.Context, r bank.Receipt) (content, name int64, err error) {
	_, err = t.Exec(ctx, `
		select pg_advisory_xact_lock(hashtextextended('receipt ' || $1::int || ' ' || $2 || ' ' || $3, 0))`,
		int32(r.Area), r.Bank, string(r.Kind))
	if err != nil {
		return 0, 0, fmt.Errorf("lock receipts of %s: %w", r.Bank, err)
	}
	err = t.QueryRow(ctx, `
		select coalesce(max(id) filter (where digest = $4 and ($6 > 0 or name = $5)), 0),
		       coalesce(max(id) filter (where name = $5 and digest is distinct from $4), 0)
		from receipt where area = $1 and bank = $2 and kind = $3 and id <> $7 and state in ('received', 'processed')
		  and coalesce(subject, 0) = $8 and (digest = $4 or name = $5)`,
		r.Area, r.Bank, r.Kind, r.Digest[:], r.Name, r.Size, r.ID, r.Subject).Scan(&content, &name)
	if err != nil {
		return 0, 0, fmt.Errorf("compare receipt %d: %w", r.ID, err)
	}
	return content, name, nil
}

// QuarantineReceipt implements bank.ReceiptTx.
func (t *tx) QuarantineReceipt(ctx context.Context, r bank.Receipt, code, text string) error {
	tag, err := t.Exec(ctx, `update receipt set state = 'quarantined', digest = coalesce(digest, $3), size = $4,
		code = $5, text = $6, processed_at = $7 where area = $1 and id = $2 and state in ('receiving', 'received')`,
		r.Area, r.ID, r.Digest[:], r.Size, code, text, t.at)
	if err != nil {
		return fmt.Errorf("quarantine receipt %d: %w", r.ID, err)
	}
	// A file that somebody still wrote, or that another process took meanwhile, comes again
	// by itself: nobody needs to look.
	if tag.RowsAffected() == 0 || code == bank.ErrStillWritten.Code {
		return nil
	}
	return t.OpenCase(ctx, r.Area, Case{
		Kind: "file_quarantined", Subject: fmt.Sprintf("receipt:%d", r.ID), Bank: r.Bank, Text: code + ": " + text,
	})
}

// Case is something that a person must look at.
type Case struct {
	Kind, Subject, Bank, Text string
}

// OpenCase opens cases; one that is open for the same kind and subject stays as it
// is. A doubt whether a bank paid is opened anew, under the subject and a number,
// where it was settled before: what people found out then says nothing of what the
// bank says now.
func (t *tx) OpenCase(ctx context.Context, area party.Area, cases ...Case) error {
	kinds, subjects, banks, texts := columnsOf(cases)
	_, err := t.Exec(ctx, `
		insert into exception_case (area, kind, subject, bank, text, opened_on, opened_at)
		select $1, u.kind, case when u.kind in ('possible_double_credit', 'recalled_batch_answered', 'recalled_batch_taken') then (
				select case when count(*) = count(x.case_id) and count(*) > 0 then u.subject || ':' || count(*) + 1
					else u.subject end
				from exception_case k left join exception_closed x on x.area = k.area and x.case_id = k.id
				where k.area = $1 and k.kind = u.kind and (k.subject = u.subject or k.subject like u.subject || ':%'))
			else u.subject end,
			u.bank, u.text, ($6::timestamptz at time zone 'Asia/Shanghai')::date, $6
		from unnest($2::text[], $3::text[], $4::text[], $5::text[]) as u (kind, subject, bank, text)
		on conflict (area, kind, subject) do nothing`, area, kinds, subjects, banks, texts, t.at)
	if err != nil {
		return fmt.Errorf("open %d cases: %w", len(cases), err)
	}
	return nil
}

func columnsOf(cases []Case) (kinds, subjects, banks, texts []string) {
	for _, c := range cases {
		kinds, subjects = append(kinds, c.Kind), append(subjects, c.Subject)
		banks, texts = append(banks, c.Bank), append(texts, c.Text)
	}
	return kinds, subjects, banks, texts
}

// Receipt implements bank.ReceiptTx.
func (t *tx) Receipt(ctx context.Context, area party.Area, id int64) (bank.Receipt, error) {
	var r bank.Receipt
	var digest []byte
	var subject, duplicateOf *int64
	var amount int64
	var declared *int64
	var processed *time.Time
	err := t.QueryRow(ctx, `
		select area, id, bank, kind, subject, name, part, declared_count, declared_amount, digest, size, state,
			duplicate_of, rows, recorded, repeated, pending, refused, amount, code, text, received_by, received_at,
			processed_at, coalesce(accepted, 0)
		from receipt where ($1 = 0 or area = $1) and id = $2`, int32(area), id).Scan(
		&r.Area, &r.ID, &r.Bank, &r.Kind, &subject, &r.Name, &r.Part, &r.Count, &declared, &digest, &r.Size, &r.State,
		&duplicateOf, &r.Counts.Rows, &r.Counts.Recorded, &r.Counts.Repeated, &r.Counts.Pending, &r.Counts.Refused,
		&amount, &r.Code, &r.Text, &r.ReceivedBy, &r.ReceivedAt, &processed, &r.Accepted)
	if errors.Is(err, pgx.ErrNoRows) {
		return bank.Receipt{}, bank.ErrReceiptUnknown //nolint:exhaustruct // none
	}
	if err != nil {
		return bank.Receipt{}, fmt.Errorf("read receipt %d: %w", id, err) //nolint:exhaustruct // none
	}
	copy(r.Digest[:], digest)
	r.Counts.Amount = money.Amount(amount)
	if declared != nil {
		a := money.Amount(*declared)
		r.Amount = &a
	}
	if subject != nil {
		r.Subject = *subject
	}
	if duplicateOf != nil {
		r.DuplicateOf = *duplicateOf
	}
	if processed != nil {
		r.ProcessedAt = *processed
	}
	return r, nil
}

// ReceiptPart implements bank.ReceiptTx.
func (t *tx) ReceiptPart(ctx context.Context, area party.Area, id int64, part int) ([]byte, error) {
	var b []byte
	err := t.QueryRow(ctx, `select bytes from receipt_part where area = $1 and receipt_id = $2 and part = $3`,
		area, id, part).Scan(&b)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read part %d of receipt %d: %w", part, id, err)
	}
	return b, nil
}

// CloseReceipt writes what became of the lines of a receipt that was taken in.
func (t *tx) CloseReceipt(ctx context.Context, area party.Area, id int64, c bank.Counts) error {
	var accepted bool
	err := t.QueryRow(ctx, `update receipt set state = 'processed', rows = $3, recorded = $4, repeated = $5,
		pending = $6, refused = $7, amount = $8, processed_at = $9 where area = $1 and id = $2 and state = 'received'
		returning accepted is not null`,
		area, id, c.Rows, c.Recorded, c.Repeated, c.Pending, c.Refused, c.Amount.Fen(), t.at).Scan(&accepted)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("close receipt %d: %w", id, err)
	}
	if !accepted {
		return nil
	}
	return t.EndCase(ctx, area, "file_quarantined", fmt.Sprintf("receipt:%d", id), "job", "officers accepted it; it was taken in")
}
