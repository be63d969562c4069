package postgres

// noticed is SQL that says of line o of fund account $2 that it is the money of which the
// bank told by arrival n. A bank uses a reference again for other money.
const noticed = `n.area = $1 and n.fund_account = $2
	and n.bank_reference = coalesce(nullif(o.end_to_end_id, ''), o.bank_reference) and o.end_to_end_id = ''
	and n.direction = o.direction and n.amount = o.amount and n.value_date = o.value_date`

// told is SQL that gives the batch, the terminal's day or the list that the money of arrival n is
// of; no two of them have one id. It names a line that names nothing itself. It
// is known once an agreement took the money: from then on nobody names the money anew,
// and the book has it. Before, and of money of one payer, a name would only keep the line
// from what it matches without one.
const told = `case when n.direction = 'credit' and n.item_id is null then (
	select coalesce(v.list_id, v.terminal_day, v.batch_id) from ` + arrivalKnown + ` v
	where v.area = n.area and v.id = n.id and ` + agreedOn + `) end`

// corrected is SQL that says of line o that the bank's entry and its correction are matched.
const corrected = `(
	select true from reconciliation_match m
	where m.area = $1 and m.statement_line_id = o.id and m.rule = 'bank_reversal' limit 1) is true`

// lumps is SQL of the lines of fund account $2 that are of withholding batch b, by what
// they say or by the bank's notice, with the corrections that name it.
const lumps = `(
	select o.id, o.direction, o.amount, o.booking_date, o.end_to_end_id, o.reversal from statement_line o
	where o.area = $1 and o.fund_account = $2 and o.batch_ref in (b.batch_no, b.id::text) and o.batch_ref <> ''
	union all
	select o.id, o.direction, o.amount, o.booking_date, o.end_to_end_id, o.reversal
	from (
		select a.id from arrival a where a.area = $1 and a.batch_id = b.id
		union
		select s.arrival_id from arrival_subject s where s.area = $1 and s.batch_id = b.id) a
	join arrival n on n.area = $1 and n.id = a.id
	join statement_line o on o.area = $1 and o.fund_account = $2 and o.batch_ref = '' and ` + noticed + `
	where ` + told + ` = b.id)`

// running is SQL of the lines of the batches that lines u without an id name. Of each:
// moved is what it and the lines before it moved, due what its batch is to move in all,
// and again says that a lump of the batch of its amount is matched. Every batch is read
// once, however many of its lines ask.
const running = `
	select x.id, x.batch, x.due,
		sum(x.signed) over (partition by x.batch order by x.booking_date, x.id) as moved,
		bool_or(x.lump and (select true from reconciliation_match m
			where m.area = $1 and m.statement_line_id = x.id and m.rule <> 'bank_reversal' limit 1) is true)
			over (partition by x.batch, x.direction, x.amount) as again
	from (
		select o.id, b.id as batch, case when b.state = 'done' then b.succeeded_amount else b.amount end as due,
			o.booking_date, o.direction, o.amount, o.end_to_end_id = '' as lump,
			case when o.direction = 'credit' then o.amount when o.reversal then -o.amount else 0 end as signed
		from (select distinct batch_id from u where batch_id is not null) n
		join withholding_batch b on b.area = $1 and b.fund_account = $2 and b.id = n.batch_id
		cross join lateral ` + lumps + ` o
		union all
		select o.id, b.id, case when b.state = 'done' and b.settlement <> 'gross' then b.succeeded_amount else b.amount end,
			o.booking_date, o.direction, o.amount, o.end_to_end_id = '',
			case when o.direction = 'debit' then o.amount
				when o.reversal and o.end_to_end_id = '' and b.settlement <> 'gross' then -o.amount else 0 end
		from (select distinct batch_id from u where batch_id is not null) n
		join payment_batch b on b.area = $1 and b.fund_account = $2 and b.id = n.batch_id
		join statement_line o on o.area = $1 and o.fund_account = $2 and o.batch_ref in (b.batch_no, b.id::text)
			and o.batch_ref <> '' and o.booking_date >= b.created_on) x`

// toldAgain is SQL that says of line u, a credit to fund account $2 that names nothing
// itself, that the bank tells money again by it of which it told before: it is a second
// line under the reference of a notice, or the money of a notice of what other money of
// its amount was agreed for in full. The first line may be open: that the second is one
// too many does not rest upon what was matched. Where the bank corrected the first, the
// second is the money.
const toldAgain = `(u.direction = 'credit' and not u.echoed and u.ref <> '' and (
	select true from statement_line l
	join arrival n on n.area = $1 and n.fund_account = $2 and n.bank_reference = l.bank_reference
		and n.direction = l.direction and n.amount = l.amount
	where l.area = $1 and l.id = u.line and l.batch_ref = '' and n.item_id is null
	  and case when ` + told + ` is not null
		then (
			select true from statement_line o
			where o.area = $1 and o.fund_account = $2 and ` + noticed + ` and not (` + corrected + `)
			  and (l.value_date <> n.value_date or (o.booking_date, o.id) < (l.booking_date, l.id)) limit 1)
		else l.value_date = n.value_date and exists (` + agreedFor + `) end
	limit 1))`

// agreedFor is SQL of money of arrival n's amount by which what the money of n is of was
// agreed in full.
const agreedFor = `
	select from ` + arrivalKnown + ` k
	join ` + arrivalKnown + ` v on v.area = k.area and v.fund_account = k.fund_account and v.direction = k.direction
		and v.amount = k.amount and (v.terminal_day = k.terminal_day or v.batch_id = k.batch_id or v.list_id = k.list_id)
	left join withholding_batch b on b.area = k.area and b.id = k.batch_id
	where k.area = n.area and k.id = n.id and ` + agreedOn + `
	  and (k.terminal_day is not null or k.list_id is not null or (b.state = 'done' and b.agreed_amount = b.succeeded_amount))`
