-- Members who move: transfers of whole personal accounts with their steps, and the end of a membership. Cost on a live
-- table: benefit_due is read once, all other tables are new.

-- +goose Up

-- A transfer as it was asked for, out of the area's scheme or into it. What comes with one is what its sender announced.
create table member_transfer (
    area         integer not null,
    id           bigint not null default nextval('fact_id'),
    direction    text not null check (direction in ('out', 'in')),
    member_id    bigint not null,
    -- The scheme on the other side, and its office.
    counterpart  text not null check (counterpart in ('employee', 'resident')),
    office       text not null check (length(office) between 1 and 100),
    document     text not null check (length(document) between 1 and 200),
    asked_on     date not null,
    individual   bigint not null default 0 check (individual >= 0),
    collective   bigint not null default 0 check (collective >= 0),
    subsidy      bigint not null default 0 check (subsidy >= 0),
    interest     bigint not null default 0 check (interest >= 0),
    -- What of the individual part is a balance of the rural scheme before 2009.
    old_scheme   bigint not null default 0 check (old_scheme between 0 and individual),
    years        smallint not null default 0 check (years between 0 and 100),
    -- The last day for the first step.
    due_on       date not null,
    made_by      text not null,
    made_at      timestamptz not null,
    business_day date not null,
    primary key (area, id),
    unique (area, id, member_id, direction),
    -- The same document of the same office moves a member once.
    unique (area, direction, office, document),
    foreign key (area, member_id) references member,
    check (asked_on <= business_day),
    check (direction = 'in' or individual + collective + subsidy + interest + years = 0)
);
create index member_transfer_member on member_transfer (area, member_id);

-- What was done. sum_confirmed names what the account held and the fund account that pays; it comes again where its
-- decision was refused or the account changed.
create table member_transfer_step (
    area         integer not null,
    id           bigint not null default nextval('fact_id'),
    transfer_id  bigint not null,
    step         text not null check (step in ('letter_received', 'sum_confirmed', 'money_sent', 'letter_sent',
                     'money_posted', 'return_asked', 'returned', 'done', 'withdrawn')),
    happened_on  date not null,
    document     text not null check (length(document) between 1 and 200),
    fund_account bigint,
    individual   bigint check (individual >= 0),
    collective   bigint check (collective >= 0),
    subsidy      bigint check (subsidy >= 0),
    interest     bigint check (interest >= 0),
    -- The last day for the next step; none follows the last one.
    due_on       date,
    entered_by   text not null,
    entered_at   timestamptz not null,
    business_day date not null,
    primary key (area, id),
    foreign key (area, transfer_id) references member_transfer,
    foreign key (area, fund_account) references fund_account,
    check (happened_on <= business_day),
    check ((step in ('done', 'withdrawn', 'money_posted', 'returned')) = (due_on is null)),
    check ((step = 'sum_confirmed') = (fund_account is not null)),
    check (num_nulls(fund_account, individual, collective, subsidy, interest) in (0, 5))
);
create unique index member_transfer_step_once on member_transfer_step (area, transfer_id, step)
    where step not in ('sum_confirmed', 'return_asked');
create index member_transfer_step_newest on member_transfer_step (area, transfer_id, id desc);

-- Money of a transfer in, as it stands on the statement of a fund account. It is booked when all of it is there.
create table member_transfer_receipt (
    area           integer not null,
    id             bigint not null default nextval('fact_id'),
    transfer_id    bigint not null,
    fund_account   bigint not null,
    amount         bigint not null check (amount > 0),
    bank_reference text not null check (length(bank_reference) between 1 and 64),
    value_date     date not null,
    document       text not null check (length(document) between 1 and 200),
    entered_by     text not null,
    entered_at     timestamptz not null,
    business_day   date not null,
    primary key (area, id),
    -- A credit of the bank is of one transfer.
    unique (area, fund_account, bank_reference),
    foreign key (area, transfer_id) references member_transfer,
    foreign key (area, fund_account) references fund_account,
    check (value_date <= business_day)
);
create index member_transfer_receipt_of on member_transfer_receipt (area, transfer_id);

-- Money of a transfer in that is given back to its sender, because it is not what was announced.
create table member_transfer_returned (
    area          integer not null,
    transfer_id   bigint not null,
    fund_account  bigint not null,
    amount        bigint not null check (amount > 0),
    decision_id   bigint not null,
    decision_kind text not null generated always as ('transfer') stored,
    approved_at   timestamptz not null,
    business_day  date not null,
    primary key (area, transfer_id),
    foreign key (area, transfer_id) references member_transfer,
    foreign key (area, fund_account) references fund_account,
    foreign key (area, decision_id, decision_kind, transfer_id) references decision_request (area, id, kind, subject_id)
);
create trigger check_decided after insert on member_transfer_returned
    referencing new table as new_row for each statement execute function check_decided();

-- A transfer that two people let through: what moved, and by which account. Its money moved whole, or not at all.
create table member_transfer_posted (
    area          integer not null,
    transfer_id   bigint not null,
    member_id     bigint not null,
    direction     text not null,
    fund_account  bigint not null,
    effective_on  date not null,
    individual    bigint not null check (individual >= 0),
    collective    bigint not null check (collective >= 0),
    subsidy       bigint not null check (subsidy >= 0),
    interest      bigint not null check (interest >= 0),
    decision_id   bigint not null,
    decision_kind text not null generated always as ('transfer') stored,
    approved_at   timestamptz not null,
    business_day  date not null,
    primary key (area, transfer_id),
    foreign key (area, transfer_id, member_id, direction) references member_transfer (area, id, member_id, direction),
    foreign key (area, fund_account) references fund_account,
    foreign key (area, decision_id, decision_kind, transfer_id) references decision_request (area, id, kind, subject_id),
    check (effective_on <= business_day)
);
create trigger check_decided after insert on member_transfer_posted
    referencing new table as new_row for each statement execute function check_decided();

-- Whose membership ended, and why. From from_month on nothing is awarded or paid to them as a member.
create table member_end (
    area          integer not null,
    member_id     bigint not null,
    reason        text not null check (reason in ('transferred_out', 'emigrated', 'nationality_given_up')),
    ended_on      date not null,
    from_month    date not null check (extract(day from from_month) = 1),
    -- The transfer or the departure that ended it.
    source_id     bigint not null,
    decision_id   bigint not null,
    decision_kind text not null generated always as ('transfer') stored,
    approved_at   timestamptz not null,
    business_day  date not null,
    primary key (area, member_id),
    foreign key (area, member_id) references member,
    foreign key (area, decision_id, decision_kind, source_id) references decision_request (area, id, kind, subject_id)
);
create trigger check_decided after insert on member_end
    referencing new table as new_row for each statement execute function check_decided();

-- A member who leaves the country for good, or gives the nationality up, as it was asked for.
create table member_departure (
    area         integer not null,
    id           bigint not null default nextval('fact_id'),
    member_id    bigint not null,
    reason       text not null check (reason in ('emigrated', 'nationality_given_up')),
    left_on      date not null,
    document     text not null check (length(document) between 1 and 200),
    made_by      text not null,
    made_at      timestamptz not null,
    business_day date not null,
    primary key (area, id),
    unique (area, id, member_id),
    foreign key (area, member_id) references member,
    check (left_on <= business_day)
);
-- What they are paid of their account, once; nothing is due where it holds nothing.
create table member_departed (
    area          integer not null,
    departure_id  bigint not null,
    member_id     bigint not null,
    held          bigint not null check (held >= 0),
    balance       bigint not null check (balance between 0 and held),
    decision_id   bigint not null,
    decision_kind text not null generated always as ('transfer') stored,
    approved_at   timestamptz not null,
    business_day  date not null,
    primary key (area, departure_id),
    unique (area, member_id),
    foreign key (area, departure_id, member_id) references member_departure (area, id, member_id),
    foreign key (area, decision_id, decision_kind, departure_id) references decision_request (area, id, kind, subject_id)
);
create trigger check_decided after insert on member_departed
    referencing new table as new_row for each statement execute function check_decided();

-- What is left to who departs is a due like that of an heir. The table is read once to check the rows.
alter table benefit_due drop constraint benefit_due_cause_check;
alter table benefit_due add constraint benefit_due_cause_check
    check (cause ~ '^(difference|resumption|funeral|estate|departure):[1-9][0-9]*$');
-- +goose StatementBegin
create or replace function check_dues() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
    bad text;
begin
    select n.cause into bad
      from (select distinct area, cause, split_part(cause, ':', 1) as what, split_part(cause, ':', 2)::bigint as by,
                   case when cause like 'difference:%' then 0 else member_id end as member_id,
                   funeral_grant, one_off from new_row) n
     where case n.what
           when 'difference' then not exists (select from due_list_approved l
               where l.area = n.area and l.list_id = n.by)
           when 'resumption' then not exists (select from resumption r
               where r.area = n.area and r.hold_id = n.by and r.member_id = n.member_id and r.back_pay = 'from_stop')
           when 'departure' then not exists (select from member_departed d
               where d.area = n.area and d.departure_id = n.by and d.member_id = n.member_id
                 and (n.funeral_grant, n.one_off) = (0::bigint, d.balance))
           else not exists (select from estate_granted g
               where g.area = n.area and g.claim_id = n.by and g.member_id = n.member_id
                 and (n.funeral_grant, n.one_off) = case n.what when 'funeral' then (g.funeral, 0::bigint)
                     else (0::bigint, g.balance) end) end limit 1;
    if found then
        raise exception 'a due of cause % rests on nothing that two people decided', bad
            using errcode = '23514', constraint = 'due_decided';
    end if;
    return null;
end
$$;
-- +goose StatementEnd

-- Nobody whose membership ended becomes entitled again by a later row.
-- +goose StatementBegin
create function check_entitled() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
    bad bigint;
begin
    select n.member_id into bad from member_end e
      join new_row n on n.area = e.area and n.member_id = e.member_id
     where n.amount > 0 and n.from_month >= e.from_month limit 1;
    if found then
        raise exception 'member % is entitled to nothing, whose membership ended', bad
            using errcode = '23514', constraint = 'entitled_member';
    end if;
    return null;
end
$$;
-- +goose StatementEnd
create trigger check_entitled after insert on entitlement
    referencing new table as new_row for each statement execute function check_entitled();

-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array['member_transfer', 'member_transfer_step', 'member_transfer_receipt',
        'member_transfer_returned', 'member_transfer_posted', 'member_end', 'member_departure', 'member_departed'];
begin
    foreach t in array facts loop
        execute format('create trigger append_only before update or delete or truncate on %I
            for each statement execute function refuse_change()', t);
        execute format('revoke all on %I from public', t);
        execute format('grant select, insert on %I to twoline_app', t);
    end loop;
    execute 'revoke all on function check_entitled() from public';
end
$$;
-- +goose StatementEnd

-- +goose Down
select 'forward only';
