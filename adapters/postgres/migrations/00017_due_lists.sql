-- Differences of months that were paid lower than they are decided today, as lists that two people stand for; and
-- what a due rests on. Cost on a live table: none, all tables are new or empty.

-- +goose Up

create table due_list (
    area            integer not null,
    id              bigint not null default nextval('fact_id'),
    scheme          text not null,
    -- The month in which the differences fall due: those before it are compared.
    month           date not null check (extract(day from month) = 1),
    members         integer not null,
    months          integer not null,
    amount          bigint not null check (amount >= 0),
    -- Members of whom a month is decided lower today than it was paid, and by how much.
    overpaid        integer not null,
    overpaid_amount bigint not null check (overpaid_amount >= 0),
    -- Of the lines: the same lines give the same sum, in any order.
    checksum        text not null,
    document        text not null check (length(document) between 1 and 200),
    asked_by        text not null,
    asked_at        timestamptz not null,
    business_day    date not null,
    primary key (area, id),
    foreign key (area, scheme) references book
);
create table due_list_line (
    area      integer not null,
    list_id   bigint not null,
    member_id bigint not null,
    month     date not null check (extract(day from month) = 1),
    component text not null check (component in ('base_pension', 'account_pension')),
    was       bigint not null check (was >= 0),
    entitled  bigint not null check (entitled > was),
    -- Counts the list's lines by member, month and component: pages go by it.
    seq       integer not null check (seq >= 1),
    primary key (area, list_id, seq),
    foreign key (area, list_id) references due_list
);
create table due_list_approved (
    area          integer not null,
    list_id       bigint not null,
    decision_id   bigint not null,
    decision_kind text not null generated always as ('due_run') stored,
    approved_at   timestamptz not null,
    primary key (area, list_id),
    foreign key (area, list_id) references due_list,
    foreign key (area, decision_id, decision_kind, list_id) references decision_request (area, id, kind, subject_id)
);
create trigger check_decided after insert on due_list_approved
    referencing new table as new_row for each statement execute function check_decided();
create index benefit_due_cause on benefit_due (area, cause);

-- A difference is owed by an approved list, months of a suspension by what the approved release of its hold decided,
-- a grant and a balance by what was granted to the heirs, and in that amount.
-- +goose StatementBegin
create function check_dues() returns trigger language plpgsql security definer
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
create trigger check_dues after insert on benefit_due
    referencing new table as new_row for each statement execute function check_dues();

-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array['due_list', 'due_list_line', 'due_list_approved'];
begin
    foreach t in array facts loop
        execute format('create trigger append_only before update or delete or truncate on %I
            for each statement execute function refuse_change()', t);
        execute format('revoke all on %I from public', t);
        execute format('grant select, insert on %I to twoline_app', t);
    end loop;
    execute 'revoke all on function check_dues() from public';
end
$$;
-- +goose StatementEnd

-- +goose Down
select 'forward only';
