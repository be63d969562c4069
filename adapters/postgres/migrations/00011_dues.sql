-- What is owed to a pensioner once, beside the month's pension: the difference of a rise, months of a suspension, a
-- funeral grant, an account's balance for the heirs. And the kinds of request that rest on two people.
-- Cost on a live table: the widened checks read decisions, holds and roster lines once each.

-- +goose Up

alter table decision_request drop constraint decision_request_kind_check;
alter table decision_request add constraint decision_request_kind_check
    check (kind in ('file', 'item', 'case', 'return', 'notice', 'opening_balance', 'opening_accounts', 'match_rules',
        'policies', 'contribution_list', 'subsidy_list', 'interest_run', 'award_run', 'due_run', 'due', 'recovery',
        'transfer', 'refund'));

-- A pension also stops while a child who must pay does not (child-linked rule, to its repeal).
alter table payment_hold drop constraint payment_hold_reason_check;
alter table payment_hold add constraint payment_hold_reason_check
    check (reason in ('certification_overdue', 'other_pension', 'child_unpaid', 'duplicate_identity', 'shared_account',
        'amount_review', 'court', 'investigation', 'manual'));

-- An account that another person holds, to whom money of the member is due: an heir. Both or neither.
alter table instrument
    add column holder_name text check (length(holder_name) between 1 and 60),
    add column holder_id_number text check (holder_id_number ~ '^[0-9]{17}[0-9X]$'),
    add constraint holder_is_named check ((holder_name is null) = (holder_id_number is null)),
    add constraint pension_goes_to_the_member check (holder_name is null or not for_payout);

-- What is owed once. A pay run takes up every due that no live payment took up before; its payment carries the cause.
create table benefit_due (
    area            integer not null,
    id              bigint not null default nextval('fact_id'),
    member_id       bigint not null,
    -- What it is and which decision, hold or case made it: difference:7, resumption:9, funeral:4, estate:4.
    cause           text not null check (cause ~ '^(difference|resumption|funeral|estate):[1-9][0-9]*$'),
    -- The month in which it fell due.
    month           date not null check (extract(day from month) = 1),
    base_pension    bigint not null default 0 check (base_pension >= 0),
    account_pension bigint not null default 0 check (account_pension >= 0),
    funeral_grant   bigint not null default 0 check (funeral_grant >= 0),
    one_off         bigint not null default 0 check (one_off >= 0),
    -- The account of who receives it; null is wherever the member's pension goes.
    instrument_id   bigint,
    document        text not null check (length(document) between 1 and 200),
    entered_by      text not null,
    entered_at      timestamptz not null,
    business_day    date not null,
    primary key (area, id),
    unique (area, member_id, cause, month),
    foreign key (area, member_id) references member,
    foreign key (area, instrument_id) references instrument,
    check (base_pension + account_pension + funeral_grant + one_off > 0)
);
-- The months that a due is made of: by component what each was entitled to before, and is now.
create table benefit_due_month (
    area      integer not null,
    due_id    bigint not null,
    month     date not null check (extract(day from month) = 1),
    component text not null check (component in ('base_pension', 'account_pension')),
    was       bigint not null check (was >= 0),
    entitled  bigint not null check (entitled > was),
    primary key (area, due_id, month, component),
    foreign key (area, due_id) references benefit_due
);
-- A due that nobody is to be paid any more: its right ended before a run took it up.
create table benefit_due_ended (
    area       integer not null,
    due_id     bigint not null,
    document   text not null check (length(document) between 1 and 200),
    entered_by text not null,
    entered_at timestamptz not null,
    primary key (area, due_id),
    foreign key (area, due_id) references benefit_due
);

-- A roster's line is the month's pension, or a due.
alter table roster_line
    add column cause text not null default 'regular' check (length(cause) between 1 and 40);
alter table roster_line drop constraint roster_line_area_roster_id_member_id_month_key;
alter table roster_line add unique (area, roster_id, member_id, month, cause);

-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array['benefit_due', 'benefit_due_month', 'benefit_due_ended'];
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
