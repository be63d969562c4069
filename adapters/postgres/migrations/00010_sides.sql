-- The finance bureau's side: its journal of our fund accounts as it was imported, to be compared and never booked from.
-- Cost on a live table: a column without a default on answer, an entry of the catalogue only.

-- +goose Up

-- The business day on which the bank's answer came in: whether it was late is told by that day, and not by the instant.
-- Answers of before this column came on the day of their instant.
alter table answer add column business_day date;

-- One imported file; the same bytes are taken once.
create table bureau_journal (
    area        integer not null,
    id          bigint not null default nextval('fact_id'),
    digest      bytea not null check (length(digest) = 32),
    rows        integer not null check (rows >= 1),
    lines       integer not null check (lines >= 0),
    closings    integer not null check (closings >= 0),
    imported_by text not null,
    imported_at timestamptz not null,
    primary key (area, id),
    unique (area, digest),
    check (lines + closings between 1 and rows)
);

-- One line of a voucher. The bureau numbers vouchers from 1 in every month.
create table bureau_line (
    area         integer not null,
    fund_account bigint not null,
    month        date not null check (extract(day from month) = 1),
    voucher_no   text not null check (length(voucher_no) between 1 and 40),
    line         integer not null check (line >= 1),
    id           bigint not null default nextval('fact_id'),
    journal_id   bigint not null,
    date         date not null,
    -- debit is money into the account, as in our own book.
    side         text not null check (side in ('debit', 'credit')),
    amount       bigint not null check (amount > 0),
    reference    text not null check (length(reference) <= 64),
    text         text not null check (length(text) <= 200),
    primary key (area, fund_account, month, voucher_no, line),
    unique (area, id),
    foreign key (area, fund_account) references fund_account,
    foreign key (area, journal_id) references bureau_journal,
    check (month = date_trunc('month', date)::date)
);

-- What the bureau has on the account at a month's end.
create table bureau_closing (
    area         integer not null,
    fund_account bigint not null,
    month        date not null check (extract(day from month) = 1),
    amount       bigint not null check (amount >= 0),
    journal_id   bigint not null,
    primary key (area, fund_account, month),
    foreign key (area, fund_account) references fund_account,
    foreign key (area, journal_id) references bureau_journal
);

-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array['bureau_journal', 'bureau_line', 'bureau_closing'];
begin
    foreach t in array facts loop
        execute format('create trigger append_only before update or delete or truncate on %I
            for each statement execute function refuse_change()', t);
        execute format('revoke all on %I from public', t);
        execute format('grant select, insert on %I to twoline_app', t);
    end loop;
end
$$;
-- +goose StatementEnd

-- +goose Down
select 'forward only';
