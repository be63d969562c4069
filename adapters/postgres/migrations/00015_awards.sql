-- Awards: what members are to be paid a month, computed from rules and facts. Cost on a live table: all are new.

-- +goose Up

-- For how many years a member had paid before the book began. The newest row holds.
create table service_years (
    area       integer not null,
    id         bigint not null default nextval('fact_id'),
    member_id  bigint not null,
    years      smallint not null check (years between 0 and 100),
    document   text not null check (length(document) between 1 and 200),
    entered_by text not null,
    entered_at timestamptz not null,
    primary key (area, id),
    -- A later decision is another document's.
    unique (area, member_id, document),
    foreign key (area, member_id) references member
);

-- A member applied for a pension. It begins when its conditions hold, whenever somebody applied.
create table pension_case (
    area       integer not null,
    id         bigint not null default nextval('fact_id'),
    member_id  bigint not null,
    applied_on date not null,
    -- What keeps its mark and changes no amount here, such as a balance of the old scheme.
    note       text not null default '' check (length(note) <= 200),
    document   text not null check (length(document) between 1 and 200),
    entered_by text not null,
    entered_at timestamptz not null,
    primary key (area, id),
    unique (area, member_id, applied_on, document),
    foreign key (area, member_id) references member
);

-- What every member of a scheme is entitled to, up to a month, beside what stands.
create table award_run (
    area             integer not null,
    id               bigint not null default nextval('fact_id'),
    scheme           text not null,
    month            date not null check (extract(day from month) = 1),
    -- The last entitlement that it saw: with a newer one it is made again.
    entitlement_upto bigint not null,
    looked           integer not null check (looked >= 0),
    waiting          integer not null check (waiting >= 0),
    members          integer not null check (members >= 0),
    lines            integer not null check (lines >= members),
    refused          integer not null check (refused >= 0),
    -- What the month would be paid without the run, and with it.
    base_before      bigint not null,
    account_before   bigint not null,
    base_after       bigint not null,
    account_after    bigint not null,
    digest           bytea not null check (length(digest) = 32),
    made_by          text not null,
    made_at          timestamptz not null,
    business_day     date not null,
    primary key (area, id),
    foreign key (area, scheme) references book
);
create index award_run_scheme on award_run (area, scheme, month, id);
-- The rule rows that amounts of the run rest on; a line names all of one amount by their number.
create table award_basis (
    area           integer not null,
    run_id         bigint not null,
    basis          integer not null check (basis >= 1),
    rule           text not null,
    rule_area      integer not null,
    effective_from date not null,
    value          text not null,
    document       text not null,
    primary key (area, run_id, basis, rule)
);
-- What a member is to be paid from a month on. No foreign keys: a line is one of a million, and verification proves it.
create table award_line (
    area            integer not null,
    run_id          bigint not null,
    seq             integer not null check (seq >= 1),
    member_id       bigint not null,
    from_month      date not null check (extract(day from from_month) = 1),
    what            text not null check (what in ('begun', 'changed', 'ended')),
    cause           text not null check (cause in ('death', 'conditions', 'rule', 'age', 'facts')),
    basis           integer check (basis >= 1),
    -- What the month would be paid by the rows before, and what it is to be paid.
    base_was        bigint not null check (base_was >= 0),
    base_pension    bigint not null check (base_pension >= 0),
    account_was     bigint not null check (account_was >= 0),
    account_pension bigint not null check (account_pension >= 0),
    primary key (area, run_id, seq),
    unique (area, member_id, from_month, run_id),
    check (base_was <> base_pension or account_was <> account_pension),
    check (what = case when base_was + account_was = 0 then 'begun'
                       when base_pension + account_pension = 0 then 'ended' else 'changed' end)
);
-- Members whom a person has to look at.
create table award_refused (
    area      integer not null,
    run_id    bigint not null,
    member_id bigint not null,
    reason    text not null check (reason in ('standing_without_right', 'member_facts', 'account_before_opening',
                  'payment_after_pension')),
    text      text not null check (length(text) <= 500),
    primary key (area, run_id, member_id, reason),
    foreign key (area, run_id) references award_run,
    foreign key (area, member_id) references member
);
-- Its lines stand as entitlements from here on.
create table award_run_approved (
    area          integer not null,
    run_id        bigint not null,
    decision_id   bigint not null,
    decision_kind text not null generated always as ('award_run') stored,
    approved_at   timestamptz not null,
    primary key (area, run_id),
    foreign key (area, run_id) references award_run,
    foreign key (area, decision_id, decision_kind, run_id) references decision_request (area, id, kind, subject_id)
);
create trigger check_decided after insert on award_run_approved
    referencing new table as new_row for each statement execute function check_decided();

-- The allowance of land-lost farmers is no basic pension: its books name it by an account of its own.
insert into chart_account (area, scheme, role, effective_from, code, name_zh, name_en, normal) values
    (0, 'land_lost', 'benefit_base_pension', '2009-09-01', '5101', '被征地人员养老补助支出',
        'allowances of land-lost farmers', 'debit')
    on conflict do nothing;

-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array['service_years', 'pension_case', 'award_run', 'award_basis', 'award_line', 'award_refused',
        'award_run_approved'];
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
