-- The last edges of members' money: yearly amounts that were chosen anew, and months that were owed to the dead and are
-- granted to heirs. Cost on a live table: the widened checks read claims of heirs, grants and dues once each; the new
-- columns have constant defaults and write nothing.

-- +goose Up

-- An amount that a member chose anew before anything was paid for the year. The last one holds.
create table tier_change (
    area       integer not null,
    year       smallint not null,
    member_id  bigint not null,
    ordinal    smallint not null check (ordinal > 0),
    id         bigint not null default nextval('fact_id'),
    was        bigint not null check (was > 0),
    amount     bigint not null check (amount > 0 and amount <> was),
    chosen_on  date not null,
    entered_by text not null,
    entered_at timestamptz not null,
    primary key (area, year, member_id, ordinal),
    foreign key (area, year, member_id) references tier_choice
);

-- An heir claims months that were owed to the dead as well. They are paid by a due of their own, arrears:7.
alter table estate_claim add column dues boolean not null default false;
alter table estate_claim drop constraint estate_claim_check;
alter table estate_claim add constraint estate_claim_something check (funeral or balance or dues);
alter table estate_granted
    add column owed_base bigint not null default 0 check (owed_base >= 0),
    add column owed_account bigint not null default 0 check (owed_account >= 0),
    -- What of the account went with months that are owed when the balance was granted.
    add column reserved bigint not null default 0 check (reserved >= 0);
alter table estate_granted drop constraint estate_granted_check;
alter table estate_granted drop constraint estate_granted_check1;
alter table estate_granted add constraint estate_granted_something
    check (funeral + balance + owed_base + owed_account > 0);
alter table estate_granted add constraint estate_granted_parts
    check (balance = 0 or balance = held - kept - reserved);
-- The dues of the dead that a claim took up: each once, by its months up to that of the death.
create table estate_granted_due (
    area            integer not null,
    due_id          bigint not null,
    claim_id        bigint not null,
    base_pension    bigint not null check (base_pension >= 0),
    account_pension bigint not null check (account_pension >= 0),
    primary key (area, due_id),
    foreign key (area, due_id) references benefit_due,
    foreign key (area, claim_id) references estate_granted
);
create index estate_granted_due_claim on estate_granted_due (area, claim_id);
alter table benefit_due drop constraint benefit_due_cause_check;
alter table benefit_due add constraint benefit_due_cause_check
    check (cause ~ '^(difference|resumption|funeral|estate|arrears|departure):[1-9][0-9]*$');

-- +goose StatementBegin
create or replace function check_dues() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
    bad text;
begin
    select n.cause into bad
      from (select distinct area, cause, split_part(cause, ':', 1) as what, split_part(cause, ':', 2)::bigint as by,
                   case when cause like 'difference:%' then 0 else member_id end as member_id,
                   case when cause like 'arrears:%' then base_pension else 0 end as base_pension,
                   case when cause like 'arrears:%' then account_pension else 0 end as account_pension,
                   funeral_grant, one_off from new_row) n
     where case n.what
           when 'difference' then not exists (select from due_list_approved l
               where l.area = n.area and l.list_id = n.by)
           when 'resumption' then not exists (select from resumption r
               where r.area = n.area and r.hold_id = n.by and r.member_id = n.member_id and r.back_pay = 'from_stop')
           when 'departure' then not exists (select from member_departed d
               where d.area = n.area and d.departure_id = n.by and d.member_id = n.member_id
                 and (n.funeral_grant, n.one_off) = (0::bigint, d.balance))
           when 'arrears' then not exists (select from estate_granted g
               where g.area = n.area and g.claim_id = n.by and g.member_id = n.member_id
                 and (n.base_pension, n.account_pension, n.funeral_grant, n.one_off)
                   = (g.owed_base, g.owed_account, 0::bigint, 0::bigint))
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

-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array['tier_change', 'estate_granted_due'];
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
