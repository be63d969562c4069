-- The book. Cost on a live table: none, all tables are new.
--
-- What the database refuses by itself, for any SQL of the application's role:
--   * a line that the two-line rule does not allow: the permanent core as a CHECK over (kind, side, role, red),
--     the dated rows by the statement trigger on posting;
--   * an entry that does not balance in each set, mixes schemes, areas or kinds, or names another's fund account;
--   * a line added to an entry later: an entry's lines arrive in ONE statement, in the header's transaction;
--   * a header without lines; a booking on a sealed day; a change or removal of anything booked.

-- +goose Up

create table two_line_rule (
    kind           text not null,
    side           text not null check (side in ('debit', 'credit')),
    role           text not null,
    red            boolean not null,
    effective_from date not null,
    document       text not null,
    primary key (kind, side, role, red)
);

-- The permanent core: it holds even where rows of two_line_rule are wrong.
-- +goose StatementBegin
create function two_line_core(kind text, side text, role text) returns boolean
language sql immutable parallel safe as $$
    select case
        -- A benefit, a refund of one or any other expenditure of the fund leaves the expenditure account only.
        when role like 'benefit%' then kind in ('benefit', 'payment_return', 'return_unclaimed', 'account_paid_out',
            'recovery_by_channel', 'recovery_settled') and side = 'debit'
        -- A subsidy is booked by a subsidy receipt only, which touches the fiscal special account.
        when role like 'subsidy%' then kind = 'subsidy' and side = 'credit'
        when kind = 'subsidy' then role = 'fiscal_special' and side = 'debit'
        -- The income account pays the sweep, refunds by the original channel, remittances; nothing else.
        when role = 'income' and side = 'credit' then kind in ('sweep', 'contribution_refund', 'unrecognised_return', 'bank_correction',
            'transfer_in_return', 'remittance_made')
        when role = 'income' then kind in ('opening', 'contribution', 'unrecognised_receipt', 'recovery_receipt',
            'interest', 'transfer_in', 'remittance_received')
        when kind = 'sweep' then role = 'fiscal_special' and side = 'debit'
        -- The expenditure account is fed by the allocation, the agency above, its own interest, its own returns.
        when role = 'expenditure' and side = 'debit' then kind in ('opening', 'allocation', 'transit_return',
            'payment_return', 'recovery_by_channel', 'interest', 'remittance_received')
        when kind = 'allocation' then role = 'fiscal_special' and side = 'credit'
        when role = 'expenditure' and side = 'credit' then kind in ('payment_handover', 'benefit', 'reissue',
            'account_paid_out', 'transfer_out', 'interest_handover', 'remittance_made')
        -- Money handed to the bank ahead of pay day came from the expenditure account and goes to pensioners or back.
        when role = 'in_transit' then kind in ('opening', 'payment_handover', 'benefit', 'account_paid_out',
            'transit_return', 'reissue')
        when kind = 'benefit' then role like 'personal%'
        -- What touches a benefit touches no other bank account than the expenditure account, which is named above.
        when kind in ('payment_return', 'return_unclaimed', 'account_paid_out', 'recovery_by_channel',
            'recovery_settled') then role = 'suspense' or role like 'personal%'
        -- Administrative costs never come out of the fund: no kind of entry books other expenditure.
        else role <> 'other_expenditure'
    end
$$;
-- +goose StatementEnd

create table entry (
    area         integer not null,
    id           bigint not null,
    scheme       text not null,
    kind         text not null,
    cause        text not null check (length(cause) between 1 and 200),
    reverses     bigint,
    accounted_on date not null,
    effective_on date not null,
    line_count   integer not null check (line_count >= 2),
    text         text not null,
    actor        text not null,
    booked_at    timestamptz not null,
    booked_by    xid8 not null default pg_current_xact_id(),
    primary key (area, id),
    unique (area, cause),
    foreign key (area, scheme) references book
);
create unique index entry_reverses on entry (area, reverses) where reverses is not null;
create index entry_accounted on entry (area, scheme, accounted_on, id);

create table posting (
    area         integer not null,
    entry_id     bigint not null,
    line         integer not null check (line >= 1),
    scheme       text not null,
    kind         text not null,
    effective_on date not null,
    accounted_on date not null,
    side         text not null check (side in ('debit', 'credit')),
    role         text not null,
    nature       text not null check (nature in ('direct', 'sum', 'item')),
    red          boolean not null,
    reversal     boolean not null,
    amount       bigint not null check (amount > 0 and amount <= 999999999999999),
    fund_account bigint,
    batch_id     bigint,
    cause_id     bigint,
    member_id    bigint,
    year         smallint,
    primary key (area, entry_id, line),
    constraint two_line_core check (two_line_core(kind, side, role)),
    -- A red debit takes money out as a credit does: at a bank it stands in a reversal only, which mirrors its entry.
    constraint bank_line_is_black check (red = reversal
        or role not in ('income', 'fiscal_special', 'fixed_deposit', 'expenditure', 'treasury')),
    constraint item_names_its_cause check ((nature = 'item') = (cause_id is not null)),
    constraint bank_line_names_its_account check (fund_account is not null
        or role not in ('income', 'fiscal_special', 'fixed_deposit', 'expenditure', 'treasury'))
);
create unique index posting_cause on posting (area, cause_id, role, red) where cause_id is not null;
-- A fund account's own movements: sum lines and direct moves.
create index posting_fund_account on posting (area, fund_account, accounted_on, entry_id)
    where role in ('income', 'fiscal_special', 'fixed_deposit', 'expenditure', 'treasury');
-- What a member paid for a year, and a member's account.
create index posting_member on posting (area, member_id, role, year) include (amount, red) where member_id is not null;

-- +goose StatementBegin
create function check_postings() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
    bad record;
begin
    -- Every entry touched: header of this transaction, complete in this one statement, uniform, balanced per set.
    select p.entry_id,
           case when e.id is null then 'has no header'
                when e.booked_by <> pg_current_xact_id() then 'was booked by another transaction'
                when e.line_count <> p.lines or p.first <> 1 or p.last <> p.lines
                     then 'does not arrive in one statement with all its lines'
                when not p.uniform then 'mixes schemes, kinds or dates'
                when e.scheme <> p.scheme or e.kind <> p.kind or e.effective_on <> p.effective_on
                     or e.accounted_on <> p.accounted_on then 'differs from its header'
                when (e.reverses is not null) is distinct from p.reversal then 'is marked against its header'
                when p.fund <> 0 then 'does not balance in the fund set'
                when p.memo <> 0 then 'does not balance in the memorandum set'
           end as why
      into bad
      from (select area, entry_id, count(*) as lines, min(line) as first, max(line) as last,
                   min(scheme) as scheme, min(kind) as kind, min(effective_on) as effective_on,
                   min(accounted_on) as accounted_on, bool_and(reversal) as reversal,
                   min(scheme) = max(scheme) and min(kind) = max(kind) and min(effective_on) = max(effective_on)
                       and min(accounted_on) = max(accounted_on) and bool_and(reversal) = bool_or(reversal) as uniform,
                   coalesce(sum(case when (side = 'debit') <> red then amount else -amount end)
                       filter (where role not like 'personal%'), 0) as fund,
                   coalesce(sum(case when (side = 'debit') <> red then amount else -amount end)
                       filter (where role like 'personal%'), 0) as memo
              from new_posting group by area, entry_id) p
      left join entry e on e.area = p.area and e.id = p.entry_id
     where e.id is null or e.booked_by <> pg_current_xact_id() or e.line_count <> p.lines or p.first <> 1
        or p.last <> p.lines or not p.uniform
        or e.scheme <> p.scheme or e.kind <> p.kind or e.effective_on <> p.effective_on
        or e.accounted_on <> p.accounted_on
        or (e.reverses is not null) is distinct from p.reversal or p.fund <> 0 or p.memo <> 0
     limit 1;
    if found then
        raise exception 'entry % %', bad.entry_id, bad.why using errcode = '23514', constraint = 'entry_balance';
    end if;

    -- The dated two-line rule.
    select l.kind, l.side, l.role, l.effective_on into bad
      from (select distinct kind, side, role, red <> reversal as red, effective_on from new_posting) l
      left join two_line_rule r on r.kind = l.kind and r.side = l.side and r.role = l.role and r.red = l.red
     where r.kind is null or l.effective_on < r.effective_from
     limit 1;
    if found then
        raise exception 'an entry of kind % may not % the % account on %', bad.kind, bad.side, bad.role,
            bad.effective_on using errcode = '23514', constraint = 'two_line_rule';
    end if;

    -- A fund account named by a line is this area's and scheme's; on a bank role it is the account of that role.
    select l.fund_account, l.role into bad
      from (select distinct area, scheme, role, fund_account,
                   role in ('income', 'fiscal_special', 'fixed_deposit', 'expenditure', 'treasury') as at_bank
              from new_posting where fund_account is not null) l
      left join fund_account f on f.area = l.area and f.id = l.fund_account
     where f.id is null or f.scheme <> l.scheme or (l.at_bank and f.role <> l.role)
     limit 1;
    if found then
        raise exception 'fund account % is not the % account of this scheme', bad.fund_account, bad.role
            using errcode = '23514', constraint = 'fund_account_role';
    end if;

    -- A reversal mirrors the whole entry that it names, line by line, in red.
    select n.entry_id into bad
      from (select distinct area, entry_id from new_posting where reversal) n
      join entry e on e.area = n.area and e.id = n.entry_id
      left join entry o on o.area = e.area and o.id = e.reverses
     where o.id is null or o.scheme <> e.scheme or o.kind <> e.kind or o.line_count <> e.line_count
        or exists (select from new_posting p
                     left join posting q on q.area = e.area and q.entry_id = o.id and q.line = p.line
                    where p.area = n.area and p.entry_id = n.entry_id
                      and (q.line is null or q.side <> p.side or q.role <> p.role or q.amount <> p.amount
                           or q.red = p.red or q.nature <> p.nature
                           or q.fund_account is distinct from p.fund_account
                           or q.batch_id is distinct from p.batch_id or q.cause_id is distinct from p.cause_id
                           or q.member_id is distinct from p.member_id or q.year is distinct from p.year))
     limit 1;
    if found then
        raise exception 'entry % does not mirror the entry that it reverses', bad.entry_id
            using errcode = '23514', constraint = 'reversal_mirrors';
    end if;
    return null;
end
$$;
-- +goose StatementEnd

create trigger check_postings after insert on posting
    referencing new table as new_posting for each statement execute function check_postings();

-- +goose StatementBegin
create function check_entry() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
    sealed date;
    lines  bigint;
begin
    -- An older snapshot would not see that the sealer was here.
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'entry % must be booked in a transaction of isolation read committed', new.id
            using errcode = '23514', constraint = 'entry_isolation';
    end if;
    -- Shared with other bookings, exclusive against the sealer (function seal_day).
    perform pg_advisory_xact_lock_shared(new.area, hashtext(new.scheme));
    select sealed_through into sealed from book where area = new.area and scheme = new.scheme;
    if sealed is null or new.accounted_on <= sealed then
        raise exception 'entry % is accounted on %, but the book is sealed through %', new.id, new.accounted_on,
            coalesce(sealed::text, 'ever') using errcode = '23514', constraint = 'book_sealed';
    end if;
    select count(*) into lines from posting where area = new.area and entry_id = new.id;
    if lines <> new.line_count then
        raise exception 'entry % has % of % lines', new.id, lines, new.line_count
            using errcode = '23514', constraint = 'entry_lines';
    end if;
    return null;
end
$$;
-- +goose StatementEnd

create constraint trigger check_entry after insert on entry
    deferrable initially deferred for each row execute function check_entry();

-- Sealed daily balances: one row a role or fund account and day. fund_account 0 stands for roles that are no bank account.
create table sealed_balance (
    area         integer not null,
    scheme       text not null,
    day          date not null,
    role         text not null,
    fund_account bigint not null,
    opening      bigint not null,
    debit        bigint not null,
    credit       bigint not null,
    closing      bigint not null,
    lines        bigint not null,
    primary key (area, scheme, day, role, fund_account),
    check (closing = opening + debit - credit)
);

create table sealed_day (
    area      integer not null,
    scheme    text not null,
    day       date not null,
    entries   bigint not null,
    digest    bytea not null check (length(digest) = 32),
    sealed_at timestamptz not null,
    -- Those of the entries that touch the fund: a month's vouchers are numbered by them without being read.
    vouchers  bigint not null,
    primary key (area, scheme, day)
);

-- The canonical text of a value: its length in bytes, a colon, the value; a value that is absent is a hyphen.
-- +goose StatementBegin
create function canonical(value text) returns text language sql immutable parallel safe as $$
    select coalesce(octet_length(value) || ':' || value, '-')
$$;
-- +goose StatementEnd

-- The digest of one day: SHA-256 over the digests of its entries in order of id, each over the entry's canonical
-- text and its lines'. gateway/ledger computes the same from rows, so that each proves the other.
-- +goose StatementBegin
create function day_digest(the_area integer, the_scheme text, the_day date, out entries bigint, out digest bytea)
language sql stable security definer set search_path = public, pg_temp set datestyle = 'ISO, YMD' as $$
    select count(*), sha256(
               convert_to(concat_ws(' ', 'twoline day 1', the_area, the_scheme, the_day) || E'\n', 'UTF8')
               || coalesce(string_agg(d.digest, ''::bytea order by d.id), ''::bytea))
      from (select e.id, sha256(convert_to(
                   concat_ws(' ', e.id, e.kind, canonical(e.cause), canonical(e.reverses::text), e.accounted_on,
                       e.effective_on, e.line_count, canonical(e.text), canonical(e.actor),
                       (extract(epoch from e.booked_at) * 1000000)::bigint) || E'\n'
                   || string_agg(concat_ws(' ', p.line, p.side, p.role, p.nature,
                       case when p.red then 'red' else 'black' end, p.amount, canonical(p.fund_account::text),
                       canonical(p.batch_id::text), canonical(p.cause_id::text), canonical(p.member_id::text),
                       canonical(p.year::text)) || E'\n', '' order by p.line), 'UTF8')) as digest
              from entry e
              join posting p on p.area = e.area and p.entry_id = e.id
             where e.area = the_area and e.scheme = the_scheme and e.accounted_on = the_day
             group by e.area, e.id) d
$$;
-- +goose StatementEnd

-- Seals the day after the last sealed one: its balances are struck from the postings and its digest is kept, and
-- nothing can be booked on it any more. True if it was sealed now, false if it had been. The application cannot
-- write these rows in any other way, so that no balance stands there which the postings do not give.
-- +goose StatementBegin
create function seal_day(the_area integer, the_scheme text, the_day date, at timestamptz) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    sealed date;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'a day is sealed in a transaction of isolation read committed' using errcode = 'P0001';
    end if;
    -- Waits for every booking that is being committed; the ones after it see the day sealed.
    perform pg_advisory_xact_lock(the_area, hashtext(the_scheme));
    select b.sealed_through into sealed from book b where b.area = the_area and b.scheme = the_scheme;
    if sealed is null then
        raise exception 'area % has no book of scheme %', the_area, the_scheme using errcode = 'P0002';
    end if;
    if sealed >= the_day then
        return false;
    end if;
    if sealed + 1 <> the_day then
        raise exception 'the book is sealed through %, so % comes too early', sealed, the_day
            using errcode = '23514', constraint = 'sealed_in_order';
    end if;

    insert into sealed_balance (area, scheme, day, role, fund_account, opening, debit, credit, closing, lines)
    with moved as (
        select p.role, case when f.at_bank then p.fund_account else 0 end as fund_account,
               sum(case when p.side <> 'debit' then 0 when p.red then -p.amount else p.amount end) as debit,
               sum(case when p.side <> 'credit' then 0 when p.red then -p.amount else p.amount end) as credit,
               count(*) as lines
          from entry e
          join posting p on p.area = e.area and p.entry_id = e.id
         cross join lateral (select p.role in
               ('income', 'fiscal_special', 'fixed_deposit', 'expenditure', 'treasury') as at_bank) f
         where e.area = the_area and e.scheme = the_scheme and e.accounted_on = the_day
         group by 1, 2),
    before as (
        select s.role, s.fund_account, s.closing from sealed_balance s
         where s.area = the_area and s.scheme = the_scheme and s.day = sealed),
    every as (
        select f.role, f.id as fund_account from fund_account f where f.area = the_area and f.scheme = the_scheme
        union
        select c.role, 0 from chart_account c where c.area in (0, the_area)
           and c.role not in ('income', 'fiscal_special', 'fixed_deposit', 'expenditure', 'treasury')
        union
        select b.role, b.fund_account from before b
        union
        select m.role, m.fund_account from moved m)
    select the_area, the_scheme, the_day, role, fund_account, coalesce(b.closing, 0), coalesce(m.debit, 0),
           coalesce(m.credit, 0), coalesce(b.closing, 0) + coalesce(m.debit, 0) - coalesce(m.credit, 0),
           coalesce(m.lines, 0)
      from every
      left join before b using (role, fund_account)
      left join moved m using (role, fund_account);

    insert into sealed_day (area, scheme, day, entries, digest, sealed_at, vouchers)
    select the_area, the_scheme, the_day, d.entries, d.digest, at, (
           select count(*) from entry e
            where e.area = the_area and e.scheme = the_scheme and e.accounted_on = the_day
              and exists (select from posting p
                           where p.area = e.area and p.entry_id = e.id and p.role not like 'personal%'))
      from day_digest(the_area, the_scheme, the_day) d;

    update book b set sealed_through = the_day
     where b.area = the_area and b.scheme = the_scheme and b.sealed_through = sealed;
    return true;
end
$$;
-- +goose StatementEnd

-- +goose StatementBegin
create function seal_moves_forward() returns trigger language plpgsql as $$
begin
    if new.sealed_through <= old.sealed_through or new.opened_on <> old.opened_on or new.scheme <> old.scheme
       or new.area <> old.area then
        raise exception 'the book of area % is sealed through % and stays so', old.area, old.sealed_through
            using errcode = 'P0001';
    end if;
    return new;
end
$$;
-- +goose StatementEnd

create trigger seal_moves_forward before update on book for each row execute function seal_moves_forward();

create table period_close (
    area         integer not null,
    fund_account bigint not null,
    month        date not null check (extract(day from month) = 1),
    closing      bigint not null,
    digest       bytea not null check (length(digest) = 32),
    closed_by    text not null,
    closed_at    timestamptz not null,
    primary key (area, fund_account, month)
);

-- +goose Down
select 'forward only';
