package postgres

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/party"
	"twoline/reconcile/proof"
)

// fileChecks prove that what banks sent is kept whole and was taken in whole.
func fileChecks() []check {
	return []check{
		invariant("I16", "every line of an answer is recorded, pending, repeated or refused, once",
			probe{table: "receipt", looks: []string{"receipt", "answer"}, sql: receiptLinesSQL()},
			probe{table: "answer", sql: answerSQL()},
		),
		invariant("I21", "every file is as it came, in one state, and agrees with its totals",
			probe{table: "receipt", looks: []string{"receipt"}, sql: receiptStateSQL()},
			probe{table: "receipt_part", run: checkReceiptParts},
		),
		invariant("I22", "what a person must look at has its case",
			probe{table: "exception_case", looks: []string{"exception_case", "exception_closed"}, sql: caseSQL},
		),
		invariant("I23", "statements add up, and each opens with what the one before closed with",
			probe{table: "statement", sql: statementSQL()},
			probe{table: "statement_line", sql: statementLineSQL},
			probe{table: "receipt", sql: statementFileSQL()},
		),
	}
}

// answerKinds are the kinds of receipt whose lines are answers.
const answerKinds = `('results', 'result_file', 'payment_results', 'payment_result_file', 'returns', 'evidence',
	'payment_evidence')`

// evidenceKinds are the kinds of receipt that officers answer for: no file is kept of
// them either.
const evidenceKinds = `('evidence', 'payment_evidence')`

// requestKinds are the kinds of receipt that are requests: no file is kept of them.
const requestKinds = `('results', 'payment_results', 'returns')`

// The lines of returns are returns and what is none; a return was recorded where its
// payment was known to have succeeded when it came. One request of returns can be of
// several areas, each of which has its own lines of it.
func receiptLinesSQL() string {
	return `
	with lines as (
		select area, receipt_id, count(*) as n, max(line) as last, min(line) as first,
		       count(*) filter (where disposition = 'recorded') as recorded,
		       count(*) filter (where disposition = 'repeated') as repeated,
		       count(*) filter (where disposition = 'pending') as pending,
		       count(*) filter (where disposition = 'refused') as refused, coalesce(sum(amount), 0) as amount
		  from (select area, receipt_id, line, disposition,
		               case when disposition = 'recorded' and outcome = 'succeeded' then amount end as amount
		          from answer where $1 = 0 or area = $1
		        union all
		        select v.area, v.receipt_id, v.line, case when w.id < v.id then 'recorded' else 'pending' end,
		               case when w.id < v.id then v.amount end
		          from payment_return v
		          left join answer w on w.area = v.area and w.item_id = v.item_id and w.disposition = 'recorded'
		               and w.outcome = 'succeeded'
		         where $1 = 0 or v.area = $1) l group by 1, 2)
	select coalesce(r.area, l.area), coalesce(r.id, l.receipt_id), coalesce(r.area, l.area) || '/'
	       || coalesce(r.id, l.receipt_id), case
	       when r.id is null then 'has ' || l.n || ' answers and does not exist'
	       when l.n is not null and r.kind not in ` + answerKinds + ` then 'is no answer and has lines of one'
	       when l.n is not null and r.state not in ('received', 'processed') then 'is ' || r.state || ' and has lines'
	       when l.last < l.n or l.first < 1 or (l.last > l.n and r.kind <> 'returns')
	            then 'has ' || l.n || ' lines numbered up to ' || l.last
	       when r.rows <> r.recorded + r.repeated + r.pending + r.refused
	            then 'has ' || r.rows || ' rows, of which ' || r.recorded || ' recorded, ' || r.repeated
	                || ' repeated, '
	                 || r.pending || ' pending, ' || r.refused || ' refused'
	       else 'says ' || r.rows || ' rows (' || r.recorded || ' recorded, ' || r.repeated || ' repeated, '
	            || r.pending || ' pending, ' || r.refused || ' refused) with ' || ` + yuan("r.amount") + `
	                || '; it has '
	            || coalesce(l.n, 0) || ' (' || coalesce(l.recorded, 0) || ', ' || coalesce(l.repeated, 0) || ', '
	            || coalesce(l.pending, 0) || ', ' || coalesce(l.refused, 0) || ') with '
	            || ` + yuan("coalesce(l.amount, 0)") + ` end
	  from (select * from receipt where $1 = 0 or area = $1) r
	  full join lines l on l.area = r.area and l.receipt_id = r.id
	 where r.id is null or l.last < l.n or l.first < 1 or (l.last > l.n and r.kind <> 'returns')
	    or (l.n is not null and (r.kind not in ` + answerKinds + ` or r.state not in ('received', 'processed')))
	    or r.rows <> r.recorded + r.repeated + r.pending + r.refused
	    or (r.kind in ` + answerKinds + ` and r.state = 'processed' and
	        (r.rows, r.recorded, r.repeated, r.pending, r.refused, r.amount) is distinct from
	        (coalesce(l.n, 0), coalesce(l.recorded, 0), coalesce(l.repeated, 0), coalesce(l.pending, 0),
	         coalesce(l.refused, 0), coalesce(l.amount, 0)))`
}

// A line is of the batch that its receipt answers and, unless it was refused, of
// an item in it; a success is in full; a repetition says what is recorded. What
// stands here of a request of returns is no return: one that was known, or refused.
func answerSQL() string {
	return `
	select w.area, w.id, w.area || '/' || w.id, case
	       when w.batch_id is distinct from r.subject and r.kind is distinct from 'returns'
	            then 'is of another batch than its receipt'
	       when r.kind = 'returns' and w.disposition not in ('repeated', 'refused')
	            then 'is ' || w.disposition || ' in a receipt of returns'
	       when w.item_id is not null and i.id is null then 'names item ' || w.item_id || ', which is not in its batch'
	       when w.disposition <> 'refused' and w.item_id is null then 'is ' || w.disposition || ' and names no item'
	       when w.disposition in ('recorded', 'repeated', 'pending') and w.amount <> i.amount
	            or (w.disposition in ('recorded', 'repeated') and w.outcome = 'succeeded' and w.amount is null)
	            then 'is of ' || coalesce(` + yuan("w.amount") + `, 'no amount') || ', and item ' || i.id || ' of '
	                 || ` + yuan("i.amount") + `
	       when w.disposition = 'repeated' and (r.kind <> 'returns' or v.id is null or v.id >= w.id
	                or (v.bank_reference, v.value_date) is distinct from (w.bank_reference, w.value_date))
	            then 'repeats what is not recorded for item ' || w.item_id
	       when w.disposition = 'pending' then 'decides item ' || w.item_id || ' and is kept as pending'
	       when w.disposition = 'recorded' and f.n > 1 then 'is one of ' || f.n || ' final answers of item '
	           || w.item_id
	       when w.answered_at < r.received_at - ` + apart + ` or w.answered_at > r.processed_at + ` + apart + `
	            or (r.kind in ('results', 'payment_results')
	                and (w.answered_at, w.answered_at) is distinct from (r.received_at, r.processed_at))
	            then 'was answered before its receipt came or after it was closed'
	       else 'is recorded as ' || w.outcome || ' in class ' || w.class end
	  from answer w
	  left join receipt r on r.area = w.area and r.id = w.receipt_id
	  left join (select area, id, batch_id, amount from withholding_item
	              union all select area, id, batch_id, amount from payment_item) i
	    on i.area = w.area and i.id = w.item_id and i.batch_id = w.batch_id
	  left join (select area, item_id, min(id) as id, min(outcome) as outcome, count(*) as n from answer
	              where ($1 = 0 or area = $1) and disposition = 'recorded' group by 1, 2) f
	    on f.area = w.area and f.item_id = w.item_id
	  left join payment_return v on r.kind = 'returns' and v.area = w.area and v.item_id = w.item_id
	 where ($1 = 0 or w.area = $1) and (
	       (w.batch_id is distinct from r.subject and r.kind is distinct from 'returns') or (w.item_id is not null and i.id is null)
	    or (w.disposition <> 'refused' and (w.item_id is null or w.amount <> i.amount))
	    or (w.disposition in ('recorded', 'repeated') and w.outcome = 'succeeded' and w.amount is null)
	    or (w.disposition = 'repeated' and r.kind <> 'returns'
	        and (f.outcome is distinct from w.outcome or f.id >= w.id))
	    or (r.kind = 'returns' and (w.disposition not in ('repeated', 'refused') or (w.disposition = 'repeated'
	        and (v.id is null or v.id >= w.id
	             or (v.bank_reference, v.value_date) is distinct from (w.bank_reference, w.value_date)))))
	    or (w.disposition = 'pending' and (w.outcome not in ('unknown', 'pending') or w.class <> 'UNKNOWN'))
	    or (w.disposition = 'recorded' and (f.n > 1 or (w.outcome = 'failed' and w.class in ('SUCCESS', 'UNKNOWN'))))
	    or w.answered_at < r.received_at - ` + apart + ` or w.answered_at > r.processed_at + ` + apart + `
	    or (r.kind in ('results', 'payment_results')
	        and (w.answered_at, w.answered_at) is distinct from (r.received_at, r.processed_at)))`
}

func receiptStateSQL() string {
	return `
	select r.area, r.id, r.area || '/' || r.id, case
	       when k.bank is null and r.kind <> 'import' then 'came from bank "' || r.bank
	           || '", which the area does not know'
	       when (r.processed_at is not null) <> (r.state in ('processed', 'quarantined', 'duplicate'))
	            or r.processed_at < r.received_at - ` + apart + `
	            then 'is ' || r.state || ' and was ended at ' || coalesce(r.processed_at::text, 'no time')
	       when (r.duplicate_of is not null) <> (r.state = 'duplicate')
	            then 'is ' || r.state || ' and names receipt ' || coalesce(r.duplicate_of::text, 'none')
	                || ' as its original'
	       when r.state = 'duplicate' and (o.id is null or o.digest <> r.digest)
	            then 'repeats receipt ' || r.duplicate_of || ', which has not its content'
	       when (r.code <> '') <> (r.state = 'quarantined') or (r.text <> '' and r.state <> 'quarantined') then 'is '
	           || r.state || ' with reason "' || r.code || '"'
	       when r.state <> 'processed' and (r.rows, r.amount) is distinct from (0, 0)
	            then 'is ' || r.state || ' and counts ' || r.rows || ' rows'
	       when r.state = 'processed' and r.kind in ` + answerKinds + ` and b.id is null and r.kind <> 'returns'
	            then 'answers batch ' || coalesce(r.subject::text, 'none') || ', which is not its bank''s'
	       when r.state = 'processed' and r.kind = 'statement' and f.id is null
	            then 'is the statement of an account that its bank does not keep'
	       when r.state = 'processed' and r.kind = 'account_opening_result' and p.id is null
	            then 'answers an account opening that was not its bank''s'
	       when r.accepted is distinct from q.id
	            then 'was accepted by decision ' || r.accepted || ', which does not say so'
	       when r.kind in ` + evidenceKinds + ` and (e.id is null or e.digest <> r.digest or r.size <> 0)
	            then 'is evidence by ' || r.name || ', which decided nothing of its batch'
	       when r.state = 'processed' and r.declared_count <> r.rows
	            then 'came with a count of ' || r.declared_count || ' and has ' || r.rows || ' rows'
	       when r.kind = 'returns' and r.subject is not null then 'is of returns and names subject ' || r.subject
	       when r.kind in ` + requestKinds + ` and r.size <> 0 then 'is a request and counts ' || r.size || ' bytes of a file'
	       when r.received_by not in ('bank:' || r.bank, 'bank:') and r.kind in ` + requestKinds + `
	            then 'is of bank ' || r.bank || ' and was received by ' || r.received_by
	       else 'came with an amount of ' || ` + yuan("r.declared_amount") + ` || '; its lines sum to '
	            || ` + yuan("coalesce(l.amount, 0)") + ` end
	  from receipt r
	  left join bank k on k.area = r.area and k.bank = r.bank
	  left join receipt o on o.area = r.area and o.id = r.duplicate_of and o.bank = r.bank and o.kind = r.kind
	      and o.id <> r.id
	  left join (select 'in' as way, area, id, bank from withholding_batch
	             union all select 'out', area, id, bank from payment_batch) b
	       on b.area = r.area and b.id = r.subject and b.bank = r.bank
	       and b.way = case when r.kind like 'payment%' then 'out' else 'in' end
	  left join decision_request q on q.area = r.area and q.id = r.accepted and q.kind = 'file' and q.subject_id = r.id
	       and q.word = 'accept' and q.state = 'approved'
	  left join (select q.area, q.id, 'evidence:' || q.id as name, q.digest, i.batch_id from decision_request q
	               join (select area, id, batch_id from withholding_item
	                     union all select area, id, batch_id from payment_item) i on i.area = q.area and i.id = q.subject_id
	              where ($1 = 0 or q.area = $1) and q.kind = 'item' and q.state = 'approved') e
	       on e.area = r.area and e.name = r.name and e.batch_id = r.subject
	  left join fund_account f on f.area = r.area and f.id = r.subject and f.bank = r.bank
	  left join account_opening p on p.area = r.area and p.id = r.subject and p.bank = r.bank
	  left join (select area, receipt_id, sum(amount) as amount from answer where $1 = 0 or area = $1 group by 1, 2) l
	    on l.area = r.area and l.receipt_id = r.id
	 where ($1 = 0 or r.area = $1) and (
	       (k.bank is null and r.kind <> 'import')
	    or (r.processed_at is not null) <> (r.state in ('processed', 'quarantined', 'duplicate'))
	    or r.processed_at < r.received_at - ` + apart + `
	    or (r.duplicate_of is not null) <> (r.state = 'duplicate')
	    or (r.state = 'duplicate' and (o.id is null or o.digest is distinct from r.digest))
	    or (r.code <> '') <> (r.state = 'quarantined') or (r.text <> '' and r.state <> 'quarantined')
	    or r.accepted is distinct from q.id
	    or (r.kind in ` + evidenceKinds + ` and (e.id is null or e.digest <> r.digest or r.size <> 0))
	    or (r.kind in ` + requestKinds + ` and r.size <> 0) or (r.kind = 'returns' and r.subject is not null)
	    or (r.state <> 'processed' and (r.rows, r.amount) is distinct from (0, 0))
	    or (r.state = 'processed' and case when r.kind = 'returns' then false
	           when r.kind in ` + answerKinds + ` then b.id is null
	           when r.kind = 'statement' then f.id is null when r.kind = 'account_opening_result' then p.id is null end)
	    or (r.state = 'processed' and r.accepted is null and r.kind in ` + answerKinds + `
	        and (r.declared_count <> r.rows or r.declared_amount <> coalesce(l.amount, 0)))
	    or (r.kind in ` + requestKinds + ` and r.received_by not in ('bank:' || r.bank, 'bank:')))`
}

// checkReceiptParts hashes every stored file again, part by part. An upload that
// broke off has a digest of zeros and proves nothing.
func checkReceiptParts(ctx context.Context, v *verifier, p probe, found *proof.Finding) error {
	rows, err := v.t.Query(ctx, `
		select coalesce(r.area, b.area), coalesce(r.id, b.receipt_id), coalesce(b.part, 0), coalesce(b.bytes, ''),
		       coalesce(r.digest, ''), coalesce(r.size, 0), r.id is null,
		       r.state = 'receiving' or (r.state = 'quarantined'
		            and r.digest = '\x0000000000000000000000000000000000000000000000000000000000000000')
		  from (select * from receipt where ($1 = 0 or area = $1) and kind not in `+requestKinds+`
		         and kind not in `+evidenceKinds+`) r
		  full join (select * from receipt_part where $1 = 0 or area = $1) b on b.area = r.area and b.receipt_id = r.id
		 order by 1, 2, 3`, int32(v.area))
	if err != nil {
		return err
	}
	f := &storedFile{found: found, table: p.table}
	var area party.Area
	var id, size int64
	var part int
	var bytes, digest []byte
	var orphan bool
	var broken *bool
	_, err = pgx.ForEachRow(rows, []any{&area, &id, &part, &bytes, &digest, &size, &orphan, &broken}, func() error {
		if f.hash == nil || f.area != area || f.id != id {
			f.close()
			*f = storedFile{
				found: found, table: p.table, area: area, id: id, want: string(digest), wantSize: size, orphan: orphan,
				broken: broken != nil && *broken, hash: sha256.New(),
			}
		}
		if part != 0 {
			f.parts++
			f.gap = f.gap || part != f.parts
			f.size += int64(len(bytes))
			f.hash.Write(bytes)
		}
		return nil
	})
	if err != nil {
		return err
	}
	f.close()
	return nil
}

// storedFile is one receipt whose parts are being read.
type storedFile struct {
	found          *proof.Finding
	table          string
	area           party.Area
	id             int64
	want           string
	wantSize, size int64
	orphan, broken bool
	gap            bool
	parts          int
	hash           hash.Hash
}

func (f *storedFile) close() {
	if f.hash == nil {
		return
	}
	var text string
	switch {
	case f.orphan:
		text = "belongs to no file that was received"
	case f.broken:
		return
	case f.gap:
		text = fmt.Sprintf("its %d parts are not numbered from 1 without a gap", f.parts)
	case f.size != f.wantSize:
		text = fmt.Sprintf("was received with %d bytes and has %d", f.wantSize, f.size)
	case string(f.hash.Sum(nil)) != f.want:
		text = "its bytes no longer have the digest that they were received with"
	default:
		return
	}
	f.found.Add(proof.Breach{Area: f.area, Table: f.table, Row: fmt.Sprintf("%s/%d", f.area, f.id), Text: text})
}

// Cases are opened in the transaction of what they speak of, and stay: bank and
// instant are those of the fact, where it keeps them.
const caseSQL = `
	with needed (area, at, kind, subject, bank, opened_at) as (
		select w.area, w.id, case r.kind when 'returns' then 'return_refused' else 'answer_refused' end,
		       'receipt:' || w.receipt_id || ':' || w.line, r.bank, w.answered_at
		  from answer w left join receipt r on r.area = w.area and r.id = w.receipt_id
		 where ($1 = 0 or w.area = $1) and w.disposition = 'refused'
		union all
		select area, id, 'file_quarantined', 'receipt:' || id, bank, case when accepted is null then processed_at end
		  from receipt
		 where ($1 = 0 or area = $1) and (state = 'quarantined' and code <> 'file_still_written' or accepted is not null)
		union all
		select r.area, r.id, c.kind, c.subject, r.bank, c.opened_at
		  from receipt r
		  join exception_case c on c.area = r.area and c.kind = 'file_quarantined' and c.subject = 'receipt:' || r.id
		  join exception_closed x on x.area = c.area and x.case_id = c.id
		 where ($1 = 0 or r.area = $1) and r.kind = 'statement' and r.state = 'processed' and r.accepted is null
		   and x.closed_by = 'job' and x.closed_at = r.processed_at and c.opened_at between r.received_at and x.closed_at
		union all
		select t.area, t.cause_id, 'refund_due', 'item:' || t.cause_id, '', min(e.booked_at)
		  from refund_task t
		  left join posting p on p.area = t.area and p.cause_id = t.cause_id and p.kind = 'contribution'
		      and not p.reversal
		  left join entry e on e.area = p.area and e.id = p.entry_id
		 where $1 = 0 or t.area = $1 group by t.area, t.cause_id
		union all
		select e.area, e.batch_id, 'bank_silent', min(b.what) || ':' || e.batch_id, min(b.bank), min(e.at)
		  from batch_event e
		  left join (select 'batch' as what, area, id, bank from withholding_batch
		             union all select 'payment_batch', area, id, bank from payment_batch) b
		       on b.area = e.area and b.id = e.batch_id
		 where ($1 = 0 or e.area = $1) and e.to_state = 'unknown' group by e.area, e.batch_id
		union all
		select w.area, w.item_id, 'possible_double_credit', 'payment_item:' || w.item_id, min(b.bank), min(w.at)
		  from (select area, item_id, batch_id, answered_at as at from answer
		         where (refusal = 'contradicts_outcome' and outcome = 'succeeded')
		            or (disposition = 'recorded' and class = 'DUPLICATE')
		        union all
		        select area, item_id, batch_id, reported_at from payment_return where class = 'DUPLICATE') w
		  join payment_batch b on b.area = w.area and b.id = w.batch_id
		 where $1 = 0 or w.area = $1
		 group by w.area, w.item_id
		union all
		select v.area, v.id, 'return_refused', 'return:' || v.id, b.bank, w.answered_at
		  from payment_return v
		  join payment_batch b on b.area = v.area and b.id = v.batch_id
		  join answer w on w.area = v.area and w.item_id = v.item_id and w.disposition = 'recorded' and w.outcome = 'failed'
		 where $1 = 0 or v.area = $1
		union all
		select s.area, s.arrival_id, 'arrival_unexplained', 'arrival:' || s.arrival_id, '', e.booked_at
		  from arrival_suspense s left join entry e on e.area = s.area and e.cause = 'arrival:' || s.arrival_id
		 where $1 = 0 or s.area = $1)
	select coalesce(n.area, c.area), coalesce(n.at, c.id), coalesce(n.area, c.area) || '/' || coalesce(n.kind, c.kind)
	    || ' '
	       || coalesce(n.subject, c.subject), case when c.id is null then 'is missing'
	       when n.at is null then 'is open, and nothing needs it'
	       else 'names another bank or instant than what it speaks of' end
	  from needed n
	  full join (select * from exception_case where ($1 = 0 or area = $1)
	                and kind in ('answer_refused', 'return_refused', 'file_quarantined', 'refund_due', 'bank_silent',
	                             'possible_double_credit', 'arrival_unexplained')
	                and not (kind = 'possible_double_credit' and subject like '%:%:%')) c
	    on c.area = n.area and c.kind = n.kind and c.subject = n.subject
	 where c.id is null or n.at is null or c.bank <> n.bank or c.opened_at <> n.opened_at
	union all
	select c.area, c.id, c.area || '/' || c.id, 'was opened at ' || c.opened_at || ', which is not ' || c.opened_on
	  from exception_case c
	 where ($1 = 0 or c.area = $1) and c.opened_on <> (c.opened_at at time zone 'Asia/Shanghai')::date
	union all
	select c.area, c.id, c.area || '/' || c.id, 'speaks of ' || c.subject || ', which does not exist'
	  from exception_case c
	 where ($1 = 0 or c.area = $1) and case split_part(c.subject, ':', 1)
	       when 'batch' then not exists (select from withholding_batch b where b.area = c.area
	            and c.subject = 'batch:' || b.id and c.bank = b.bank)
	       when 'terminal_day' then not exists (select from terminal_day d where d.area = c.area
	            and c.subject = 'terminal_day:' || d.id and c.bank = d.bank)
	       when 'list' then not exists (select from contribution_list_approved l where l.area = c.area
	            and c.subject = 'list:' || l.list_id)
	       when 'arrival' then not exists (select from arrival v where v.area = c.area
	            and c.subject = 'arrival:' || v.id)
	       when 'payment_batch' then not exists (select from payment_batch b where b.area = c.area
	            and c.subject ~ ('^payment_batch:' || b.id || '(:[0-9]+)?$') and c.bank = b.bank)
	       when 'pay_run' then not exists (select from pay_run r where r.area = c.area
	            and c.subject = 'pay_run:' || r.id)
	       when 'member_transfer' then not exists (select from member_transfer f where f.area = c.area
	            and f.id::text = split_part(c.subject, ':', 2))
	       when 'month' then not exists (select from book k where k.area = c.area
	            and k.scheme = split_part(c.subject, ':', 2))
	       when 'outbox_file' then not exists (
	            select from withholding_batch b where b.area = c.area and b.id::text = split_part(c.subject, ':', 2)
	                and c.bank = b.bank
	            union all select from payment_batch b where b.area = c.area and b.id::text = split_part(c.subject, ':', 2)
	                and c.bank = b.bank)
	       when 'inbox_file' then c.bank <> split_part(c.subject, ':', 2)
	       when 'return' then not exists (select from payment_return v
	            join payment_batch b on b.area = v.area and b.id = v.batch_id
	            where v.area = c.area and c.subject = 'return:' || v.id and c.bank = b.bank)
	       when 'statement_line' then not exists (select from statement_line l
	            join fund_account f on f.area = l.area and f.id = l.fund_account
	            where l.area = c.area and l.id::text = split_part(c.subject, ':', 2) and c.bank = f.bank)
	       when 'instrument' then not exists (select from instrument n where n.area = c.area
	            and n.id::text = split_part(c.subject, ':', 2) and c.bank = n.bank) end
	union all
	select x.area, x.case_id, x.area || '/' || x.case_id, 'is closed and was never opened'
	  from exception_closed x
	 where ($1 = 0 or x.area = $1)
	   and not exists (select from exception_case c where c.area = x.area and c.id = x.case_id)
	union all
	select q.area, q.id, q.area || '/query ' || q.id, case
	       when i.id is null then 'asks about item ' || q.item_id || ', which is not in batch ' || q.batch_id
	       else 'asks about item ' || q.item_id || ', which was answered before' end
	  from bank_query q
	  left join (select area, id, batch_id from withholding_item where $1 = 0 or area = $1
	             union all select area, id, batch_id from payment_item where $1 = 0 or area = $1) i
	       on i.area = q.area and i.id = q.item_id and i.batch_id = q.batch_id
	 where ($1 = 0 or q.area = $1) and (i.id is null or exists (
	       select from answer w where w.area = q.area and w.item_id = q.item_id and w.disposition = 'recorded'
	          and w.id < q.id))`

func statementSQL() string {
	return `
	with lines as (
		select area, statement_id, count(*) as n, max(line) as last, min(line) as first,
		       sum(case when direction = 'credit' then amount else -amount end) as moved
		  from statement_line where $1 = 0 or area = $1 group by 1, 2),
	chain as (
		select s.*, lag(s.closing) over w as prev_closing, lag(s.day_to) over w as prev_to
		  from statement s where $1 = 0 or s.area = $1 window w as (partition by s.area, s.fund_account
		      order by s.day_from))
	select s.area, s.id, s.area || '/' || s.id, case
	       when f.id is null then 'is of fund account ' || s.fund_account || ', which does not exist'
	       when coalesce(l.n, 0) <> s.line_count or coalesce(l.last, 0) <> s.line_count or l.first < 1 then 'has ' || coalesce(l.n, 0)
	            || ' lines numbered up to ' || coalesce(l.last, 0) || ' and says ' || s.line_count
	       when s.opening + coalesce(l.moved, 0) <> s.closing then 'opens with ' || ` + yuan("s.opening") + `
	            || ' and closes with ' || ` + yuan("s.closing") + ` || '; its lines move '
	                || ` + yuan("coalesce(l.moved, 0)") + `
	       when s.prev_to is not null and s.day_from <> s.prev_to + 1
	            then 'begins on ' || s.day_from || ', and the one before ends on ' || s.prev_to
	       when s.prev_to is null and s.day_from <> f.opened_on then 'begins on ' || s.day_from
	            || ', and the account was opened on ' || f.opened_on
	       when s.opening <> coalesce(s.prev_closing, o.balance, 0) then 'opens with ' || ` + yuan("s.opening") + `
	            || ', and the balance before is ' || ` + yuan("coalesce(s.prev_closing, o.balance, 0)") + `
	       else 'came by receipt ' || s.receipt_id || ', which is no statement of this account' end
	  from chain s
	  left join lines l on l.area = s.area and l.statement_id = s.id
	  left join fund_account f on f.area = s.area and f.id = s.fund_account
	  left join opening_balance o on o.area = s.area and o.fund_account = s.fund_account
	  left join receipt r on r.area = s.area and r.id = s.receipt_id and r.kind = 'statement'
	       and r.subject = s.fund_account and r.state in ('received', 'processed')
	 where f.id is null or coalesce(l.n, 0) <> s.line_count or coalesce(l.last, 0) <> s.line_count
	    or l.first < 1 or s.opening + coalesce(l.moved, 0) <> s.closing or s.day_from <> coalesce(s.prev_to + 1, f.opened_on)
	    or s.opening <> coalesce(s.prev_closing, o.balance, 0) or r.id is null`
}

const statementLineSQL = `
	select l.area, l.id, l.area || '/' || l.id, case
	       when s.id is null then 'is of statement ' || l.statement_id || ', which does not exist'
	       when s.fund_account <> l.fund_account then 'is of another account than its statement'
	       when l.booking_date not between s.day_from and s.day_to then 'was booked on ' || l.booking_date
	            || ', and its statement covers ' || s.day_from || ' to ' || s.day_to
	       else 'is number ' || l.ordinal || ' of the lines that are equal to it and stands as number ' || l.n end
	  from (select l.*, row_number() over (partition by area, fund_account, booking_date, bank_reference, direction,
	      amount
	               order by ordinal) as n
	          from statement_line l where $1 = 0 or area = $1) l
	  left join statement s on s.area = l.area and s.id = l.statement_id
	 where s.id is null or s.fund_account <> l.fund_account or l.booking_date not between s.day_from and s.day_to
	    or l.ordinal <> l.n`

// A statement file's receipt counts what was new in it, under its last day.
func statementFileSQL() string {
	return `
	select r.area, r.id, r.area || '/' || r.id, 'says ' || r.recorded || ' new lines of ' || ` + yuan("r.amount") + `
	       || ' up to ' || r.part || '; its statements have ' || coalesce(s.n, 0) || ' of '
	           || ` + yuan("coalesce(s.amount, 0)") + `
	       || ' up to ' || coalesce(s.day_to::text, 'no day')
	  from receipt r
	  left join (select s.area, s.receipt_id, max(s.day_to) as day_to, min(s.taken_in_at) as at,
	      max(s.taken_in_at) as at2,
	                    sum(s.line_count) as n, sum(l.amount) as amount
	               from statement s
	               left join (select area, statement_id, sum(amount) as amount from statement_line
	                           where $1 = 0 or area = $1 group by 1, 2) l on l.area = s.area and l.statement_id = s.id
	              where $1 = 0 or s.area = $1 group by 1, 2) s on s.area = r.area and s.receipt_id = r.id
	 where ($1 = 0 or r.area = $1) and r.kind = 'statement' and r.state = 'processed'
	   and ((coalesce(s.n, 0), coalesce(s.amount, 0)) is distinct from (r.recorded, r.amount)
	        or s.day_to::text <> r.part or s.at <> r.processed_at or s.at2 <> r.processed_at)`
}
