-- Refunds that the bank gives back: what an expenditure account paid and the bank returned is due again, and is paid in a
-- new attempt. And what a list of subsidies takes back.
-- Cost on a live table: refund_paid, which has a row a refund, is written anew once for its number and its wider key;
-- decision_request is read once for its widened check; the new columns of lists of subsidies have constant defaults, which
-- write nothing; the other tables are new.

-- +goose Up

alter table decision_request drop constraint decision_request_kind_check;
alter table decision_request add constraint decision_request_kind_check
    check (kind in ('file', 'item', 'case', 'return', 'notice', 'opening_balance', 'opening_accounts', 'match_rules',
        'policies', 'contribution_list', 'subsidy_list', 'interest_run', 'award_run', 'due_run', 'due', 'recovery',
        'transfer', 'refund', 'hand_payment', 'due_end', 'refund_return'));

-- Each payment of a refund has its number; those of before are the first.
alter table refund_paid add column attempt smallint not null default 1 check (attempt >= 1);
alter table refund_paid drop constraint refund_paid_pkey;
alter table refund_paid add constraint refund_paid_key primary key (area, refund_id, attempt);

-- Money of a payment that the bank gave back to the expenditure account that paid it, by the number that the statement
-- shows. Two people decided it; from this row on the refund is due again, and its money waits in suspense.
create table refund_returned (
    area           integer not null,
    refund_id      bigint not null,
    attempt        smallint not null,
    fund_account   bigint not null,
    amount         bigint not null check (amount > 0),
    bank_reference text not null check (length(bank_reference) between 1 and 64),
    value_date     date not null,
    decision_id    bigint not null,
    decision_kind  text not null generated always as ('refund_return') stored,
    approved_at    timestamptz not null,
    business_day   date not null,
    constraint refund_returned_key primary key (area, refund_id, attempt),
    constraint refund_returned_reference unique (area, fund_account, bank_reference),
    foreign key (area, refund_id, attempt) references refund_paid,
    foreign key (area, fund_account) references fund_account,
    foreign key (area, decision_id, decision_kind, refund_id) references decision_request (area, id, kind, subject_id),
    check (value_date <= business_day)
);
create trigger check_decided after insert on refund_returned
    referencing new table as new_row for each statement execute function check_decided();

-- A refund is paid again after the payment before came back, and not beside it.
alter table refund_paid add column follows smallint generated always as (nullif(attempt - 1, 0)) stored;
alter table refund_paid add constraint refund_paid_after_return
    foreign key (area, refund_id, follows) references refund_returned (area, refund_id, attempt);

-- What a list of subsidies takes back: of a year whose contribution was given back as wrong. The levels owe the list that
-- much less, each by its share of that year; amount of the list is what it gives, amount of a level what it owes.
create table subsidy_back (
    area      integer not null,
    run_id    bigint not null,
    member_id bigint not null,
    year      smallint not null check (year between 2009 and 2199),
    id        bigint not null default nextval('fact_id'),
    -- What the member keeps paid for the year, what it earns by tier, and what lists gave of it and did not take back.
    paid      bigint not null check (paid >= 0),
    entitled  bigint not null check (entitled >= 0),
    before    bigint not null,
    amount    bigint not null check (amount > 0),
    primary key (area, run_id, member_id, year),
    foreign key (area, member_id) references member,
    check (amount <= before - entitled)
);
alter table subsidy_run add column taken_back bigint not null default 0;
alter table subsidy_run add constraint subsidy_run_asks check (taken_back >= 0 and taken_back < amount);
alter table subsidy_level add column taken_back bigint not null default 0;
alter table subsidy_level add constraint subsidy_level_taken_back check (taken_back >= 0);

-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array['refund_returned', 'subsidy_back'];
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
