package postgres

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"strconv"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/bank"
	"twoline/gateway/collection"
	"twoline/gateway/fundtransfer"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/reconcile/proof"
)

// batchChecks prove what went to banks and that agreements are what they say.
func batchChecks() []check {
	return []check{
		invariant("I15", "states move along their table, and unknown ends only on evidence",
			probe{
				table: "withholding_batch", looks: []string{"batch_event"}, sql: eventSQL(batchLife()),
				args: batchSteps(),
			},
			probe{
				table: "payment_batch", looks: []string{"batch_event"}, sql: eventSQL(paymentLife()),
				args: paymentSteps(),
			},
			probe{
				table: "pay_run", looks: []string{"run_event"}, sql: eventSQL(runLife()), args: runSteps(),
			},
			probe{
				table: "fund_transfer", looks: []string{"transfer_event"}, sql: eventSQL(transferLife()),
				args: transferSteps(),
			},
		),
		invariant("I17", "pay days and hand-overs are those of the State Council's calendar and the area's rules",
			probe{table: "pay_run", looks: []string{"pay_run", "working_day"}, run: checkPayDays},
		),
		invariant("I18", "a batch is its items: count, sum and digests",
			probe{
				table: "withholding_batch", looks: []string{"withholding_batch", "withholding_item"},
				sql: batchSumSQL(),
			},
			probe{table: "withholding_batch", sql: batchRunSQL},
			probe{table: "withholding_batch", run: checkBatchDigests},
			probe{table: "payment_batch", looks: []string{"payment_batch", "payment_item"}, sql: payBatchSumSQL()},
			probe{table: "payment_batch", looks: []string{"pay_run"}, sql: payRunSQL},
			probe{table: "payment_batch", run: checkPayDigests},
		),
		invariant("I19", "numbers, names and digests of batches are unique, and no number is missing",
			probe{table: "batch_counter", sql: batchNumberSQL},
			probe{table: "item_counter", sql: itemNumberSQL()},
			probe{table: "withholding_batch", looks: []string{"payment_batch"}, sql: batchTwiceSQL},
		),
		invariant("I40", "counters and progress are what the facts give again",
			probe{table: "withholding_batch", looks: []string{"withholding_batch", "answer"}, sql: batchCounterSQL()},
			probe{table: "agreement_progress", looks: []string{"agreement_progress"}, sql: progressSQL},
			probe{table: "terminal_day", sql: terminalDaySQL()},
			probe{table: "arrival_watch", sql: arrivalWatchSQL},
			probe{table: "payment_batch", looks: []string{"payment_batch", "payment_return"}, sql: payCounterSQL()},
			probe{table: "roster", looks: []string{"roster", "roster_line"}, sql: rosterSQL()},
		),
		invariant("agreement", "what is agreed is what was answered and what arrived",
			probe{table: "agreement", looks: []string{"agreement", "answer", "counter_receipt"}, sql: agreementSQL()},
			probe{table: "arrival", looks: []string{"arrival"}, sql: arrivalSQL},
			probe{table: "arrival_subject", sql: arrivalSubjectSQL},
		),
	}
}

// life names the tables of something that has states.
type life struct {
	table, events, key, first string
	// began is SQL over the row o and its first event e that says that it began otherwise.
	began string
	// evidence is SQL over an event that left a state on no evidence.
	evidence string
	// decided is SQL over o and an event that differs from what it rests on.
	decided string
}

func batchLife() life {
	return life{
		table: "withholding_batch", events: eventsBut("payment_batch"), key: "batch_id", first: "ready",
		began: `e.at <> o.created_at or e.actor is distinct from (select r.created_by from withholding_run r
			where r.area = o.area and r.id = o.run_id)`,
		evidence: `e.from_state in ('sending', 'unknown') and coalesce(e.evidence ->> 'because', '') = ''`,
		decided:  batchEvidence,
	}
}

// batchEvidence is SQL over a batch o and its event e that says something else than
// what it rests on: a batch begins on nothing; an acknowledgement and answers are
// the bank's, answers stand in the receipt that is named; a silent batch was asked
// about, once for every item without an answer; the last answer or the last money
// ends it.
const batchEvidence = `case
	when e.version = 1 then e.evidence <> '{}'
	when e.evidence ->> 'because' is null then true
	when e.evidence ->> 'because' like 'acknowledged %' then e.actor not in ('bank:' || o.bank, 'bank:') or exists (
	     select from answer w where w.area = o.area and w.batch_id = o.id and w.answered_at = e.at)
	when e.evidence ->> 'because' like 'answers in receipt %' then ` + saidByNobody + `
	     or e.to_state <> 'acked' or not exists (
	     select from answer w where w.area = o.area and w.batch_id = o.id and w.answered_at = e.at
	        and e.evidence ->> 'because' = 'answers in receipt ' || w.receipt_id)
	when e.to_state = 'unknown' then e.actor <> 'job' or not exists (
	     select from bank_query q where q.area = o.area and q.batch_id = o.id and q.asked_at = e.at
	     having e.evidence ->> 'because' = count(*) || ' items without an answer on ' || min(q.asked_on)
	        and min(q.asked_on) = max(q.asked_on))
	` + deliveredEvidence + `
	when e.to_state = 'done' then (e.actor <> 'statement' and ` + saidByNobody + `)
	     or e.evidence ->> 'because' <> 'every item has a final answer' or not exists (
	     select from receipt r where r.area = o.area and r.subject = o.id and r.processed_at = e.at
	     union all select from arrival v where v.area = o.area and v.batch_id = o.id and v.reported_at = e.at
	     union all select from arrival_subject n where n.area = o.area and n.batch_id = o.id and n.named_at = e.at)
	else e.actor not in ('bank:' || o.bank, 'bank:') end`

// saidByNobody is SQL over a batch o and its event e that neither the bank nor
// evidence in its place stands behind.
const saidByNobody = `(e.actor not in ('bank:' || o.bank, 'bank:') and not exists (
	     select from receipt c where c.area = o.area and c.subject = o.id and c.kind in ` + evidenceKinds + `
	        and c.received_by = e.actor and c.processed_at = e.at))`

// deliveredEvidence says so of a batch that went out by folder: the file that was
// placed is the frozen one.
const deliveredEvidence = `when e.to_state = 'sent' then e.actor <> 'job' or e.evidence ->> 'because' is distinct from
	     'file in the bank''s folder with digest ' || encode(o.file_digest, 'hex')`

func batchSteps() []any {
	states := []bank.BatchState{
		bank.BatchReady, bank.BatchExported, bank.BatchSending, bank.BatchSent, bank.BatchAcked, bank.BatchDone,
		bank.BatchUnknown,
	}
	return steps(states, nil)
}

func transferLife() life {
	return life{
		table: "fund_transfer", events: "transfer_event", key: "transfer_id", first: "",
		began:    `e.at <> o.made_at or e.actor <> 'officer:' || o.maker or e.to_state <> 'submitted'`,
		evidence: `false`,
		decided: `e.to_state in ('booked', 'rejected') and not exists (select from approval a
			where a.area = o.area and a.subject = 'fund_transfer' and a.subject_id = o.id and a.decided_at = e.at
			  and e.actor = 'officer:' || a.login)`,
	}
}

func transferSteps() []any {
	states := []fundtransfer.State{
		fundtransfer.Submitted, fundtransfer.Booked, fundtransfer.Rejected, fundtransfer.Withdrawn,
	}
	return steps(states, [][2]string{{"", string(fundtransfer.Submitted)}})
}

// steps lists the legal steps between states, with more of them, as two columns.
func steps[S interface {
	~string
	CanBecome(next S) bool
}](states []S, more [][2]string) []any {
	var from, to []string
	for _, step := range more {
		from, to = append(from, step[0]), append(to, step[1])
	}
	for _, a := range states {
		for _, b := range states {
			if a.CanBecome(b) {
				from, to = append(from, string(a)), append(to, string(b))
			}
		}
	}
	return []any{from, to}
}

func eventSQL(l life) string {
	return `
	with moves as (
		select e.*, row_number() over w as n, lag(e.to_state, 1,
		    '` + l.first + `') over w as prev, lag(e.at) over w as prev_at
		  from ` + l.events + ` e where $1 = 0 or e.area = $1
		window w as (partition by e.area, e.` + l.key + ` order by e.version)),
	last as (select area, ` + l.key + ` as id, max(version) as version, count(*) as n from moves group by 1, 2)
	select coalesce(o.area, e.area), coalesce(o.id, e.` + l.key + `),
	       coalesce(o.area, e.area) || '/' || coalesce(o.id, e.` + l.key + `), case
	       when o.id is null then 'has events and does not exist'
	       when e.version is null then 'has no event'
	       when e.version <> e.n then 'has version ' || e.version || ' as event number ' || e.n
	       when e.from_state <> e.prev then 'left state "' || e.from_state || '" when it was in "' || e.prev || '"'
	       when s.step_from is null then 'went from "' || e.from_state || '" to "' || e.to_state
	           || '", which is no step'
	       when e.actor = '' then 'was moved to "' || e.to_state || '" by nobody'
	       when e.at < e.prev_at - ` + apart + ` then 'was moved to "' || e.to_state || '" before the move before it'
	       when e.n = 1 and (` + l.began + `) then 'began otherwise than its first event says'
	       when ` + l.evidence + ` then 'left "' || e.from_state || '" on no evidence'
	       when ` + l.decided + ` then 'was moved to "' || e.to_state || '" on something that is not so'
	       else 'is "' || o.state || '" in version ' || o.version || ', its last event made it "' || e.to_state
	            || '" in version ' || e.version end
	  from (select * from ` + l.table + ` where $1 = 0 or area = $1) o
	  full join moves e on e.area = o.area and e.` + l.key + ` = o.id
	  left join last l on l.area = e.area and l.id = e.` + l.key + `
	  left join unnest($2::text[], $3::text[]) as s (step_from, step_to)
	       on s.step_from = e.from_state and s.step_to = e.to_state
	 where o.id is null or e.version is null or e.version <> e.n or e.from_state <> e.prev or s.step_from is null
	    or e.actor = '' or e.at < e.prev_at - ` + apart + ` or (e.n = 1 and (` + l.began + `)) or (` + l.evidence + `)
	        or (` + l.decided + `)
	    or (e.n = l.n and (e.to_state <> o.state or e.version <> o.version))`
}

func batchSumSQL() string {
	return `
	select b.area, b.id, b.area || '/' || b.id, case
	       when i.n is distinct from b.item_count or i.last is distinct from b.item_count
	            then 'has ' || coalesce(i.n, 0) || ' items numbered up to ' || coalesce(i.last, 0) || ' and says '
	                || b.item_count
	       else 'has items of ' || ` + yuan("i.amount") + ` || ' and says ' || ` + yuan("b.amount") + ` end
	  from withholding_batch b
	  left join (select area, batch_id, count(*) as n, max(seq) as last, sum(amount) as amount from withholding_item
	              where $1 = 0 or area = $1 group by 1, 2) i on i.area = b.area and i.batch_id = b.id
	 where ($1 = 0 or b.area = $1)
	   and (i.n, i.last, i.amount) is distinct from (b.item_count, b.item_count, b.amount)`
}

// A batch is made in its run's transaction, from its run's words. A run without
// batches is not kept.
const batchRunSQL = `
	select b.area, b.id, b.area || '/' || b.id, case
	       when r.id is null then 'belongs to run ' || b.run_id || ', which does not exist'
	       when f.id is null then 'is collected on fund account ' || b.fund_account
	           || ', which is no income account of its bank'
	       else 'differs from run ' || r.id || ' in scheme, year, day or instant' end
	  from withholding_batch b
	  left join withholding_run r on r.area = b.area and r.id = b.run_id
	  left join fund_account f on f.area = b.area and f.id = b.fund_account and f.scheme = b.scheme and f.bank = b.bank
	       and f.role = 'income'
	 where ($1 = 0 or b.area = $1) and (f.id is null or (r.scheme, r.year, r.business_day, r.created_at)
	       is distinct from (b.scheme, b.year, b.created_on, b.created_at))
	union all
	select r.area, r.id, r.area || '/run ' || r.id, 'made no batch'
	  from withholding_run r
	 where ($1 = 0 or r.area = $1)
	   and not exists (select from withholding_batch b where b.area = r.area and b.run_id = r.id)`

// checkBatchDigests computes the digest of every batch's items again, and of its
// file where a writer is given, one batch after the other. A batch whose fund
// account is gone was named before.
func checkBatchDigests(ctx context.Context, v *verifier, p probe, found *proof.Finding) error {
	var after struct {
		area party.Area
		id   int64
	}
	for {
		rows, err := v.t.Query(ctx, `
			select `+batchColumns()+` from withholding_batch
			where ($1 = 0 or area = $1) and (area, id) > ($2, $3) and exists (
			      select from fund_account f where f.area = withholding_batch.area and f.id = fund_account)
			order by area, id limit 256`,
			int32(v.area), int32(after.area), after.id)
		if err != nil {
			return err
		}
		batches, err := pgx.CollectRows(rows, scanBatch)
		if err != nil {
			return err
		}
		for _, b := range batches {
			after.area, after.id = b.Area, b.ID
			text, err := v.batchDiffers(ctx, b)
			if err != nil {
				return fmt.Errorf("batch %d: %w", b.ID, err)
			}
			if text != "" {
				found.Add(proof.Breach{
					Area: b.Area, Table: p.table, Row: fmt.Sprintf("%s/%d", b.Area, b.ID),
					Text: text,
				})
			}
		}
		if len(batches) == 0 {
			return nil
		}
	}
}

func (v *verifier) batchDiffers(ctx context.Context, b collection.Batch) (string, error) {
	var digest *collection.ItemDigest
	read := func(yield func(collection.Item) error) error {
		digest = collection.NewItemDigest(b.Area, b.Bank, b.Number)
		return v.t.eachItem(ctx, b.Area, b.ID, func(i collection.Item) error {
			digest.Add(i)
			return yield(i)
		})
	}
	if v.files == nil {
		if err := read(func(collection.Item) error { return nil }); err != nil {
			return "", err
		}
		return v.digestDiffers(b, digest), nil
	}
	rows, err := v.t.Query(ctx, partnerSQL, b.Area, b.Scheme, []string{b.Bank})
	if err != nil {
		return "", err
	}
	partners, err := collectPartners(rows)
	if err != nil {
		return "", err
	}
	if len(partners) != 1 {
		return "is for a bank that has no income account in its area and scheme", nil
	}
	// A bank's format may not be able to carry a row that was changed behind our back.
	file := &measured{Hash: sha256.New()}
	writing := v.files.WriteWithholding(file, partners[0], b, read)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if writing != nil {
		return "cannot be written as a file any more", nil //nolint:nilerr // a breach, which is no error
	}
	if text := v.digestDiffers(b, digest); text != "" {
		return text, nil
	}
	switch {
	case [sha256.Size]byte(file.Sum(nil)) != b.FileDigest:
		return "its file, written again, has another digest", nil
	case file.size != b.FileSize:
		return fmt.Sprintf("its file, written again, has %d bytes and not %d", file.size, b.FileSize), nil
	case v.files.WithholdingFileName(partners[0], b) != b.FileName:
		return "its file is named otherwise", nil
	}
	return "", nil
}

// measured is a hash that counts its bytes.
type measured struct {
	hash.Hash

	size int64
}

func (m *measured) Write(b []byte) (int, error) {
	n, err := m.Hash.Write(b)
	m.size += int64(n)
	return n, err
}

func (v *verifier) digestDiffers(b collection.Batch, digest *collection.ItemDigest) string {
	if digest == nil || digest.Sum() != b.Digest {
		return "its items no longer give the digest that they were frozen with"
	}
	return ""
}

// eachItem streams a batch's items in file order within the transaction.
func (t *tx) eachItem(ctx context.Context, area party.Area, batch int64, fn func(collection.Item) error) error {
	rows, err := t.Query(ctx, `
		select id, batch_id, seq, member_id, year, attempt, amount, mandate_id, mandate_no, account_no, name, id_number,
			social_no, region
		from withholding_item where area = $1 and batch_id = $2 order by seq`, area, batch)
	if err != nil {
		return fmt.Errorf("items of batch %d: %w", batch, err)
	}
	var i collection.Item
	var amount int64
	var account, name, idNumber string
	_, err = pgx.ForEachRow(rows, []any{
		&i.ID, &i.Batch, &i.Seq, &i.Member, &i.Year, &i.Attempt, &amount, &i.Mandate, &i.MandateNo, &account, &name,
		&idNumber, &i.SocialNo, &i.Region,
	}, func() error {
		i.Amount = money.Amount(amount)
		i.Name, i.IDNumber, i.Account = party.Stored(name, idNumber, account)
		return fn(i)
	})
	return err
}

// A number is taken in the transaction of its batch, so none may be missing. Both
// directions number their batches from one counter.
const batchNumberSQL = `
	with numbered as (
		select area, bank, id, case when batch_no ~ '^[0-9]{8,18}$' then batch_no::bigint end as n
		  from withholding_batch where $1 = 0 or area = $1
		union all
		select area, bank, id, case when batch_no ~ '^[0-9]{8,18}$' then batch_no::bigint end
		  from payment_batch where $1 = 0 or area = $1),
	told as (
		select area, bank, count(*) as n, count(distinct n) as different, min(n) as least, max(n) as most
		  from numbered group by area, bank)
	select coalesce(c.area, t.area), 0, coalesce(c.area, t.area) || ' ' || coalesce(c.bank, t.bank),
	       'the next number is ' || coalesce(c.next::text, 'unknown') || ' and there are ' || coalesce(t.n, 0)
	       || ' batches' || coalesce(' with ' || t.different || ' numbers from ' || t.least || ' to ' || t.most, '')
	  from (select * from batch_counter where $1 = 0 or area = $1) c
	  full join told t on t.area = c.area and t.bank = c.bank
	 where (t.n, t.different, t.least, t.most) is distinct from (c.next - 1, c.next - 1, 1, c.next - 1)`

// Ids are taken in the transaction of their batch, too: the batch's own, then those
// of its items, then the next batch's, with none left out and none given twice.
func itemNumberSQL() string {
	first := `area::bigint * ` + strconv.Itoa(idsOfArea)
	return `
	with batch as (
		select area, id, item_count from withholding_batch where $1 = 0 or area = $1
		union all
		select area, id, item_count from payment_batch where $1 = 0 or area = $1),
	told as (
		select area, id, id + item_count as most,
		       lag(id + item_count, 1, ` + first + `) over (partition by area order by id) as before
		  from batch),
	last as (select area, max(most) as most from told group by area)
	select area, id, area || '/' || id, 'its id does not follow ' || before || ', the last of the batch before it'
	  from told where id <> before + 1
	 union all
	select coalesce(c.area, l.area), 0, coalesce(c.area, l.area)::text,
	       'the next id is ' || coalesce(c.next::text, 'unknown') || ' after ' || coalesce(l.most::text, 'no batch')
	  from (select area, next, ` + first + ` as first from item_counter where $1 = 0 or area = $1) c
	  full join last l on l.area = c.area
	 where l.most is distinct from c.first + c.next - 1
	 union all
	select i.area, i.id, i.area || '/' || i.id, 'its id does not follow its batch''s'
	  from withholding_item i where ($1 = 0 or i.area = $1) and i.id <> i.batch_id + i.seq
	 union all
	select i.area, i.id, i.area || '/' || i.id, 'its id does not follow its batch''s'
	  from payment_item i where ($1 = 0 or i.area = $1) and i.id <> i.batch_id + i.seq`
}

const batchTwiceSQL = `
	with named as (
		select b.area, b.id, b.bank, u.what, u.value,
		       count(*) over (partition by b.area, b.bank, u.what, u.value) as n
		  from (select area, id, bank, batch_no, file_name, file_digest from withholding_batch
		         where $1 = 0 or area = $1
		        union all
		        select area, id, bank, batch_no, file_name, file_digest from payment_batch
		         where $1 = 0 or area = $1) b
		 cross join lateral (values ('number', b.batch_no), ('file name', b.file_name),
		       ('file digest', encode(b.file_digest, 'hex'))) u (what, value))
	select area, id, area || '/' || id, 'has the ' || what || ' of another batch of its bank' from named where n > 1`

func batchCounterSQL() string {
	return `
	with answers as (
		select area, batch_id, count(*) filter (where outcome = 'succeeded') as succeeded,
		       count(*) filter (where outcome = 'failed') as failed,
		       sum(amount) filter (where outcome = 'succeeded') as amount, max(id) as last
		  from answer where ($1 = 0 or area = $1) and disposition = 'recorded' group by 1, 2),
	arrivals as (
		select area, batch_id, sum(case when direction = 'debit' then -amount else amount end) as amount from ` + arrivalKnown + ` known
		 where ($1 = 0 or area = $1) and batch_id is not null group by 1, 2),
	agreements as (
		select area, subject_id, sum(item_count) as n, sum(amount) as amount from agreement
		 where ($1 = 0 or area = $1) and subject = 'batch' group by 1, 2),
	facts as (
		select b.area, b.id, coalesce(w.succeeded, 0) as succeeded, coalesce(w.failed, 0) as failed,
		       coalesce(w.amount, 0) as succeeded_amount, coalesce(v.amount, 0) as arrived_amount,
		       coalesce(g.n, 0) as agreed_count, coalesce(g.amount, 0) as agreed_amount, coalesce(w.last,
		           0) as last_answer
		  from withholding_batch b
		  left join answers w on w.area = b.area and w.batch_id = b.id
		  left join arrivals v on v.area = b.area and v.batch_id = b.id
		  left join agreements g on g.area = b.area and g.subject_id = b.id
		 where $1 = 0 or b.area = $1)
	select b.area, b.id, b.area || '/' || b.id, case
	       when (b.succeeded, b.failed) is distinct from (f.succeeded, f.failed)
	            then 'counts ' || b.succeeded || ' successes and ' || b.failed || ' failures; its answers are '
	                 || f.succeeded || ' and ' || f.failed
	       when b.succeeded_amount <> f.succeeded_amount then 'counts successes of '
	           || ` + yuan("b.succeeded_amount") + `
	            || '; its answers sum to ' || ` + yuan("f.succeeded_amount") + `
	       when b.arrived_amount <> f.arrived_amount then 'counts arrivals of ' || ` + yuan("b.arrived_amount") + `
	            || '; they sum to ' || ` + yuan("f.arrived_amount") + `
	       when (b.agreed_count, b.agreed_amount) is distinct from (f.agreed_count, f.agreed_amount)
	            then 'counts ' || b.agreed_count || ' agreed items of ' || ` + yuan("b.agreed_amount") + `
	                 || '; its agreements are of ' || f.agreed_count || ' and ' || ` + yuan("f.agreed_amount") + `
	       when b.last_answer <> f.last_answer
	            then 'counts answer ' || b.last_answer || ' as its last; it is ' || f.last_answer
	       else 'is done and has items without a final answer' end
	  from withholding_batch b
	  join facts f on f.area = b.area and f.id = b.id
	 where (b.succeeded, b.failed, b.succeeded_amount, b.arrived_amount, b.agreed_count, b.agreed_amount, b.last_answer)
	       is distinct from (f.succeeded, f.failed, f.succeeded_amount, f.arrived_amount, f.agreed_count,
	                         f.agreed_amount, f.last_answer)
	    or (b.state = 'done') <> (b.succeeded + b.failed = b.item_count)`
}

// Posting goes by the order of settled items: so far, this many, up to this one.
const progressSQL = `
	with settled as (` + settled + `),
	posted as (select area, agreement, count(*) as n, max(at) as last from settled group by 1, 2)
	select coalesce(g.area, r.area), coalesce(g.id, r.agreement_id),
	       coalesce(g.area, r.area) || '/' || coalesce(g.id, r.agreement_id), case
	       when g.id is null then 'is of an agreement that does not exist'
	       when r.agreement_id is null then 'is missing for an agreement'
	       else 'says ' || r.posted_count || ' of ' || g.item_count || ' items up to ' || r.posted_upto
	            || case when r.done then ', done' else '' end || '; there are ' || coalesce(p.n, 0) || ' up to '
	            || coalesce(p.last, g.after_answer) end
	  from (select * from agreement where $1 = 0 or area = $1) g
	  full join (select * from agreement_progress where $1 = 0 or area = $1) r
	    on r.area = g.area and r.agreement_id = g.id
	  left join posted p on p.area = g.area and p.agreement = g.id
	 where g.id is null or r.agreement_id is null
	    or (r.posted_count, r.posted_upto, r.done) is distinct from
	       (coalesce(p.n, 0), coalesce(p.last, g.after_answer), coalesce(p.n, 0) = g.item_count)`

func terminalDaySQL() string {
	return `
	select d.area, d.id, d.area || '/' || d.id, 'was closed with ' || d.receipts || ' receipts of '
	       || ` + yuan("d.amount") + ` || ' and has ' || coalesce(c.n, 0) || ' of '
	           || ` + yuan("coalesce(c.amount, 0)") + `
	  from terminal_day d
	  left join (select area, bank, terminal, paid_on, fund_account, count(*) as n, sum(amount) as amount
	               from counter_receipt where $1 = 0 or area = $1 group by 1, 2, 3, 4, 5) c
	    on c.area = d.area and c.bank = d.bank and c.terminal = d.terminal and c.paid_on = d.day
	   and c.fund_account = d.fund_account
	 where ($1 = 0 or d.area = $1) and (coalesce(c.n, 0) <> d.receipts or coalesce(c.amount, 0) <> d.amount)
	union all
	select c.area, c.id, c.area || '/receipt ' || c.id, case
	       when f.id is null then 'was paid for a fund account that its bank does not keep'
	       when m.id is null then 'was paid by nobody in the registry'
	       else 'is number ' || c.ordinal || ' of its member and year and stands as number ' || c.n end
	  from (select r.*, row_number() over (partition by area, member_id, year order by ordinal) as n
	          from counter_receipt r where $1 = 0 or area = $1) c
	  left join fund_account f on f.area = c.area and f.id = c.fund_account and f.bank = c.bank
	       and f.role in ('income', 'treasury')
	  left join member m on m.area = c.area and m.id = c.member_id
	 where f.id is null or m.id is null or c.ordinal <> c.n`
}

// arrivedSQL is what arrived for each round of agreements: the row of rounds is g.
const arrivedSQL = `
		select g.area, g.id, sum(v.net) filter (where v.known > g.prev_arrival) as amount, max(v.known) as last,
		       max(v.value_date) as value_date, max(v.business_day) as business_day,
		       max(v.business_day) filter (where v.reported_at = g.agreed_at) as came,
		       bool_and(s.arrival_id is not null) filter (where v.known > g.prev_arrival) as all_parked,
		       bool_or(s.arrival_id is not null) filter (where v.known > g.prev_arrival) as any_parked
		  from rounds g
		  join (select k.*, case when k.direction = 'debit' then -k.amount else k.amount end as net
		          from ` + arrivalKnown + ` k where $1 = 0 or k.area = $1) v
		    on v.area = g.area and v.known <= g.upto_arrival and case g.subject
		       when 'batch' then v.batch_id when 'terminal_day' then v.terminal_day when 'list' then v.list_id end = g.subject_id
		  left join arrival_suspense s on s.area = v.area and s.arrival_id = v.id
		 group by 1, 2`

// The daily look reads nothing of the days that are said to be settled.
const arrivalWatchSQL = `
	select v.area, v.id, v.area || '/' || v.id, 'came on ' || v.business_day || ' and is open, and all that came through '
	       || w.settled_through || ' is said to be agreed or in suspense'
	  from arrival_watch w
	  join ` + arrivalKnown + ` v on v.area = w.area and v.business_day <= w.settled_through
	 where ($1 = 0 or w.area = $1) and not ` + agreedOn + `
	   and not exists (select from arrival_suspense s where s.area = v.area and s.arrival_id = v.id)`

// namings are the namings of arrivals, with the batch that each took the money
// from and the id from which on it had been known there.
const namings = `(
	select s.*, coalesce(lag(s.batch_id) over w, a.batch_id) as was, coalesce(lag(s.id) over w, s.arrival_id) as was_known
	  from arrival_subject s left join arrival a on a.area = s.area and a.id = s.arrival_id
	 where $1 = 0 or s.area = $1
	window w as (partition by s.area, s.arrival_id order by s.id))`

// Rounds follow each other: each takes the answers after the one before it, and
// the arrivals that came or were named since.
func agreementSQL() string {
	return `
	with rounds as (
		select g.*, row_number() over w as n, lag(g.upto_answer, 1, 0::bigint) over w as prev_answer,
		       lag(g.upto_arrival, 1, 0::bigint) over w as prev_arrival,
		       g.subject = 'batch' and exists (select from ` + namings + ` n where n.area = g.area
		           and g.subject_id in (n.batch_id, n.was) and n.named_at = g.agreed_at)
		       or g.subject = 'list' and exists (select from contribution_list_money n where n.area = g.area
		           and n.named_at = g.agreed_at) as named_now
		  from agreement g where $1 = 0 or g.area = $1
		window w as (partition by g.area, g.subject, g.subject_id order by g.round)),
	answered as (
		select g.area, g.id, count(*) as n, sum(w.amount) as amount
		  from rounds g
		  join answer w on w.area = g.area and w.batch_id = g.subject_id and w.disposition = 'recorded'
		       and w.outcome = 'succeeded' and w.id > g.after_answer and w.id <= g.upto_answer
		 where g.subject = 'batch' group by 1, 2
		union all
		select g.area, g.id, count(*), sum(c.amount)
		  from rounds g
		  join terminal_day d on d.area = g.area and d.id = g.subject_id
		  join counter_receipt c on c.area = d.area and c.bank = d.bank and c.terminal = d.terminal
		      and c.paid_on = d.day
		       and c.fund_account = d.fund_account and c.id > g.after_answer and c.id <= g.upto_answer
		 where g.subject = 'terminal_day' group by 1, 2
		union all
		select g.area, g.id, count(*), sum(l.amount)
		  from rounds g
		  join contribution_line l on l.area = g.area and l.list_id = g.subject_id and l.id > g.after_answer
		       and l.id <= g.upto_answer
		 where g.subject = 'list' group by 1, 2),
	arrived as (` + arrivedSQL + `)
	select g.area, g.id, g.area || '/' || g.id, case
	       when b.id is null and d.id is null and k.id is null then 'is of a ' || g.subject || ' that does not exist'
	       when (g.round, g.after_answer) is distinct from (g.n, g.prev_answer)
	            then 'does not follow the agreement before it'
	       when (w.n, w.amount) is distinct from (g.item_count, g.amount) then 'is of ' || g.item_count || ' items and '
	            || ` + yuan("g.amount") + ` || '; what was answered is ' || coalesce(w.n, 0) || ' and '
	            || ` + yuan("coalesce(w.amount, 0)") + `
	       when v.amount is distinct from g.amount then 'is of ' || ` + yuan("g.amount") + ` || '; what arrived is '
	            || ` + yuan("coalesce(v.amount, 0)") + `
	       when g.fund_account <> coalesce(b.fund_account, d.fund_account, k.fund_account) then 'names another fund account than its '
	            || g.subject
	       when v.last <> g.upto_arrival or g.upto_answer > coalesce(b.last_answer, d.last, g.upto_answer) or u.id is null
	            or g.upto_answer > g.id or g.upto_arrival > g.id
	            then 'reaches further than what arrived or was answered'
	       when v.came is null and r.area is null and not g.named_now then 'was agreed at ' || g.agreed_at || ', when nothing came'
	       else 'differs from its arrivals in date or in what is taken from suspense' end
	  from rounds g
	  left join withholding_batch b on g.subject = 'batch' and b.area = g.area and b.id = g.subject_id
	  left join (select t.area, t.id, t.fund_account, max(c.id) as last from terminal_day t
	               join counter_receipt c on c.area = t.area and c.bank = t.bank and c.terminal = t.terminal
	                    and c.paid_on = t.day and c.fund_account = t.fund_account group by 1, 2, 3) d
	    on g.subject = 'terminal_day' and d.area = g.area and d.id = g.subject_id
	  left join contribution_list k on g.subject = 'list' and k.area = g.area and k.id = g.subject_id
	  left join answered w on w.area = g.area and w.id = g.id
	  left join arrived v on v.area = g.area and v.id = g.id
	  left join (select area, id, batch_id as subject_id, 'batch' as subject from answer
	              where ($1 = 0 or area = $1) and disposition = 'recorded'
	             union all
	             select area, id, list_id, 'list' from contribution_line where $1 = 0 or area = $1
	             union all
	             select t.area, c.id, t.id, 'terminal_day' from terminal_day t
	               join counter_receipt c on c.area = t.area and c.bank = t.bank and c.terminal = t.terminal
	                    and c.paid_on = t.day and c.fund_account = t.fund_account) u
	    on u.area = g.area and u.subject = g.subject and u.subject_id = g.subject_id and u.id = g.upto_answer
	  left join (select distinct area, subject, processed_at from receipt
	              where ($1 = 0 or area = $1) and kind in ('results', 'result_file')) r
	    on g.subject = 'batch' and r.area = g.area and r.subject = g.subject_id and r.processed_at = g.agreed_at
	 where (b.id is null and d.id is null and k.id is null) or (g.round, g.after_answer) is distinct from (g.n, g.prev_answer)
	    or (w.n, w.amount, v.amount) is distinct from (g.item_count, g.amount, g.amount)
	    or g.fund_account <> coalesce(b.fund_account, d.fund_account, k.fund_account)
	    or v.last <> g.upto_arrival or g.upto_answer > coalesce(b.last_answer, d.last, g.upto_answer) or u.id is null
	    or g.upto_answer > g.id or g.upto_arrival > g.id
	    or (v.value_date, v.all_parked, v.any_parked) is distinct from (g.effective_on, g.from_suspense,
	        g.from_suspense)
	    or v.business_day > g.business_day or v.came <> g.business_day
	    or (v.came is null and r.area is null and not g.named_now)`
}

// A batch is named on the batch's account: later, for money that was told without
// one, or by an officer in place of another, while no agreement of that one had
// taken the money. Ids rise under the batch's lock, so an agreement with the lower
// id was there before the naming.
const arrivalSubjectSQL = `
	select n.area, n.arrival_id, n.area || '/' || n.arrival_id, case
	       when v.id is null then 'names an arrival that does not exist'
	       when b.id is null then 'names batch ' || n.batch_id || ', which is not collected on the arrival''s account'
	       when v.terminal_day is not null or (n.was is not null and n.named_by not like 'officer:%')
	            then 'is for money that had been told for something'
	       when n.was = n.batch_id then 'names the batch that the money was for'
	       when g.id is not null then 'takes the money from batch ' || n.was || ', which had agreed with it'
	       when o.allowed is null then 'was named by ' || n.named_by || ', who may not'
	       else 'was named before the money was told' end
	  from ` + namings + ` n
	  left join arrival v on v.area = n.area and v.id = n.arrival_id
	  left join fund_account f on f.area = v.area and f.id = v.fund_account
	  left join withholding_batch b on b.area = n.area and b.id = n.batch_id and b.fund_account = v.fund_account
	  left join lateral (select id from agreement where area = n.area and subject = 'batch' and subject_id = n.was
	                        and upto_arrival >= n.was_known and id < n.id limit 1) g on true
	  left join lateral (select true as allowed where n.named_by in ('statement', 'bank:', 'bank:' || f.bank)
	       or exists (select from officer o
	            join organisation a on a.id = o.organisation_id and a.area = n.area
	                 and a.kind in ('agency_business', 'agency_finance')
	            join duty_grant d on d.login = o.login and d.duty = 'maker' and d.granted_at <= n.named_at + ` + apart + `
	                 and (d.revoked_at is null or d.revoked_at >= n.named_at - ` + apart + `)
	           where n.named_by = 'officer:' || o.login)) o on true
	 where v.id is null or b.id is null or v.terminal_day is not null
	    or (n.was is not null and n.named_by not like 'officer:%') or n.was = n.batch_id or g.id is not null
	    or o.allowed is null or n.named_at < v.reported_at - ` + apart

// An arrival is on the account of what it names, and says itself who told it.
const arrivalSQL = `
	select v.area, v.id, v.area || '/' || v.id, case
	       when f.id is null then 'is on fund account ' || v.fund_account || ', which does not exist'
	       when v.value_date > v.business_day then 'was told on ' || v.business_day || ' and has value date '
	           || v.value_date
	       when v.batch_id is not null and b.id is null then 'is for batch ' || v.batch_id
	            || ', which is not collected on its account'
	       when v.item_id is not null and i.id is null then 'is for item ' || v.item_id || ', which is not in its batch'
	       when v.terminal_day is not null and d.id is null then 'is for terminal day ' || v.terminal_day
	            || ', which is not collected on its account'
	       when v.direction = 'debit' and v.source <> 'statement' then 'was taken back, and no statement says so'
	       when s.business_day < v.business_day then 'was told on ' || v.business_day || ' and went to suspense before'
	       else 'was reported by ' || v.reported_by || ' and says it comes from a ' || v.source end
	  from arrival v
	  left join fund_account f on f.area = v.area and f.id = v.fund_account
	  left join withholding_batch b on b.area = v.area and b.id = v.batch_id and b.fund_account = v.fund_account
	  left join withholding_item i on i.area = v.area and i.id = v.item_id and i.batch_id = v.batch_id
	  left join terminal_day d on d.area = v.area and d.id = v.terminal_day and d.fund_account = v.fund_account
	  left join arrival_suspense s on s.area = v.area and s.arrival_id = v.id
	 where ($1 = 0 or v.area = $1) and (f.id is null or v.value_date > v.business_day
	    or (v.batch_id is not null and b.id is null) or (v.item_id is not null and i.id is null)
	    or (v.terminal_day is not null and d.id is null) or (v.batch_id is not null and v.terminal_day is not null)
	    or (v.direction = 'debit' and v.source <> 'statement') or s.business_day < v.business_day
	    or case v.source when 'statement' then v.reported_by <> 'statement'
	                     else v.reported_by not in ('bank:', 'bank:' || f.bank) end)`
