-- Government's money for base pensions: what each batch pays of them, and what arrived by month and level. Cost on a live
-- table: payment_item is read once, to count what the batches so far pay; all tables are new.

-- +goose Up

-- What a batch pays of base pensions, counted when it was frozen: so many items of a base for a month, of which another
-- payment had a part before. Items of a due count by the months that it is made of.
create table payment_batch_base (
    area         integer not null,
    batch_id     bigint not null,
    month        date not null check (extract(day from month) = 1),
    base_pension bigint not null check (base_pension > 0),
    before       bigint not null check (before between 0 and base_pension - 1),
    items        integer not null check (items > 0),
    primary key (area, batch_id, month, base_pension, before),
    foreign key (area, batch_id) references payment_batch
);
insert into payment_batch_base (area, batch_id, month, base_pension, before, items)
    select i.area, i.batch_id, coalesce(n.month, i.month), coalesce(n.entitled, i.base_pension), coalesce(n.was, 0), count(*)
      from payment_item i
      left join benefit_due d on i.cause <> 'regular' and d.area = i.area and d.member_id = i.member_id
           and d.cause = i.cause and d.month = i.month
      left join benefit_due_month n on n.area = d.area and n.due_id = d.id and n.component = 'base_pension'
     where i.base_pension > 0
     group by 1, 2, 3, 4, 5;

-- What a booked transfer brought of a level's money for a month's base pensions. A transfer may be of several months and
-- levels; together they are no more than it.
create table pension_subsidy_arrival (
    area         integer not null,
    id           bigint not null default nextval('fact_id'),
    transfer_id  bigint not null,
    scheme       text not null check (scheme in ('resident', 'rural', 'urban')),
    month        date not null check (extract(day from month) = 1),
    level        text not null check (level in ('centre', 'province', 'city', 'county')),
    amount       bigint not null check (amount > 0),
    arrived_on   date not null,
    named_by     text not null,
    named_person bigint not null,
    named_at     timestamptz not null,
    business_day date not null,
    primary key (area, id),
    unique (area, id, named_person),
    foreign key (area, transfer_id) references fund_transfer,
    foreign key (area, scheme) references book,
    foreign key (named_by, named_person) references officer (login, person_id)
);
create index pension_subsidy_arrival_month on pension_subsidy_arrival (area, scheme, month);
create index pension_subsidy_arrival_transfer on pension_subsidy_arrival (area, transfer_id);

-- An arrival that was named wrongly: another person takes it back, and its money is to be named anew.
create table pension_subsidy_withdrawn (
    area             integer not null,
    arrival_id       bigint not null,
    named_person     bigint not null,
    document         text not null check (length(document) between 1 and 200),
    withdrawn_by     text not null,
    withdrawn_person bigint not null,
    withdrawn_at     timestamptz not null,
    business_day     date not null,
    primary key (area, arrival_id),
    constraint subsidy_taken_back_by_another check (withdrawn_person <> named_person),
    foreign key (area, arrival_id, named_person) references pension_subsidy_arrival (area, id, named_person),
    foreign key (withdrawn_by, withdrawn_person) references officer (login, person_id)
);

-- Who names money of a transfer waits for others who do.
-- +goose StatementBegin
create function check_pension_subsidy() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
    bad bigint;
begin
    perform 1 from fund_transfer f
      where (f.area, f.id) in (select area, transfer_id from new_row) order by f.area, f.id for no key update;
    select n.transfer_id into bad from new_row n
      left join fund_transfer f on f.area = n.area and f.id = n.transfer_id
     where f.kind is distinct from 'subsidy' or f.purpose <> 'base_pension' or f.state <> 'booked'
        or f.scheme <> n.scheme or f.effective_on <> n.arrived_on
        or f.amount < (select sum(a.amount) from pension_subsidy_arrival a
               where a.area = n.area and a.transfer_id = n.transfer_id and not exists (
                   select from pension_subsidy_withdrawn w where w.area = a.area and w.arrival_id = a.id)) limit 1;
    if found then
        raise exception 'transfer % brought no such money for base pensions', bad
            using errcode = '23514', constraint = 'subsidy_of_its_transfer';
    end if;
    return null;
end
$$;
-- +goose StatementEnd
create trigger check_pension_subsidy after insert on pension_subsidy_arrival
    referencing new table as new_row for each statement execute function check_pension_subsidy();

-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array['payment_batch_base', 'pension_subsidy_arrival', 'pension_subsidy_withdrawn'];
begin
    foreach t in array facts loop
        execute format('create trigger append_only before update or delete or truncate on %I
            for each statement execute function refuse_change()', t);
        execute format('revoke all on %I from public', t);
        execute format('grant select, insert on %I to twoline_app', t);
    end loop;
    execute 'revoke all on function check_pension_subsidy() from public';
end
$$;
-- +goose StatementEnd

-- +goose Down
select 'forward only';
