-- The reconciliation statement of a month as it stood when the month was closed. Cost on a live table: none, the
-- tables are new; a close is checked against them by a trigger.

-- +goose Up

-- What the statement's halves hold. Its digest is the close's own, that of the sealed balances is kept beside it.
create table period_proof (
    area            integer not null,
    fund_account    bigint not null,
    month           date not null check (extract(day from month) = 1),
    matched_through date not null,
    bank_closing    bigint not null,
    book_closing    bigint not null,
    bank_adjusted   bigint not null,
    book_adjusted   bigint not null,
    -- What all matches so far differ by within the account's tolerance, one difference against the other.
    tolerated       bigint not null,
    -- Count and sum of each group: of all its lines, named or not.
    counts          integer[] not null check (cardinality(counts) = 4),
    amounts         bigint[] not null check (cardinality(amounts) = 4),
    -- What who closed the month signed: the sum of the differences, each without its sign, that no close before did.
    tolerated_gross bigint not null check (tolerated_gross >= 0),
    balances        bytea not null check (length(balances) = 32),
    -- The account's name and the SHA-256 of its number as they were.
    holder          text not null,
    account_digest  bytea not null check (length(account_digest) = 32),
    primary key (area, fund_account, month),
    foreign key (area, fund_account) references fund_account,
    check (bank_adjusted = book_adjusted),
    check (book_adjusted = book_closing + amounts[1] - amounts[2] + tolerated),
    check (bank_adjusted = bank_closing + amounts[3] - amounts[4])
);
-- The lines that only one side had at the month's end, the oldest of each group.
create table period_outstanding (
    area              integer not null,
    fund_account      bigint not null,
    month             date not null,
    side              text not null check (side in ('bank_received', 'bank_paid', 'book_received', 'book_paid')),
    ordinal           integer not null check (ordinal >= 1),
    statement_line_id bigint,
    entry_id          bigint,
    book_line         integer,
    booked            date not null,
    value_date        date,
    reference         text not null,
    bank_reference    text not null,
    amount            bigint not null check (amount >= 0),
    owner             text not null,
    primary key (area, fund_account, month, side, ordinal),
    check ((statement_line_id is null) <> (entry_id is null)),
    check ((entry_id is null) = (book_line is null))
);

-- A month is closed with its statement in the same transaction, and a closed month takes no further line.
-- +goose StatementBegin
create function check_period_close() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
begin
    if not exists (select from period_proof p
                    where p.area = new.area and p.fund_account = new.fund_account and p.month = new.month
                      and p.book_closing = new.closing) then
        raise exception 'the close of % of fund account % has no reconciliation statement', new.month, new.fund_account
            using errcode = '23514', constraint = 'period_proved';
    end if;
    return new;
end
$$;
create function check_period_line() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
begin
    if exists (select from new_row n
                 join period_close c on c.area = n.area and c.fund_account = n.fund_account and c.month = n.month) then
        raise exception 'the month is closed' using errcode = '23514', constraint = 'period_proved';
    end if;
    return null;
end
$$;
-- +goose StatementEnd
create trigger check_period_close before insert on period_close for each row execute function check_period_close();
create trigger check_period_line after insert on period_outstanding
    referencing new table as new_row for each statement execute function check_period_line();
create trigger check_period_line after insert on period_proof
    referencing new table as new_row for each statement execute function check_period_line();

-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array['period_proof', 'period_outstanding'];
begin
    foreach t in array facts loop
        execute format('create trigger append_only before update or delete or truncate on %I
            for each statement execute function refuse_change()', t);
        execute format('revoke all on %I from public', t);
        execute format('grant select, insert on %I to twoline_app', t);
    end loop;
    revoke all on function check_period_close() from public;
    revoke all on function check_period_line() from public;
end
$$;
-- +goose StatementEnd

-- +goose Down
select 'forward only';
