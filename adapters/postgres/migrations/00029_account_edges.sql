-- Money of a level for a list of subsidies may be a part of its transfer, and may be taken back while the list is not
-- credited. Cost on a live table: a unique key of subsidy_arrival is dropped, an index and a unique key come; it has a row a
-- transfer, a few a year. The other table is new.

-- +goose Up
alter table subsidy_arrival drop constraint subsidy_arrival_area_transfer_id_key;
create index subsidy_arrival_transfer on subsidy_arrival (area, transfer_id);
alter table subsidy_arrival add constraint subsidy_arrival_named_by unique (area, id, named_by);

-- Money that was named wrongly: another person takes it back, and it is to be named anew.
create table subsidy_arrival_withdrawn (
    area             integer not null,
    arrival_id       bigint not null,
    named_by         text not null,
    named_person     bigint not null,
    document         text not null check (length(document) between 1 and 200),
    withdrawn_by     text not null,
    withdrawn_person bigint not null,
    withdrawn_at     timestamptz not null,
    business_day     date not null,
    primary key (area, arrival_id),
    constraint subsidy_arrival_taken_back_by_another check (withdrawn_person <> named_person),
    foreign key (area, arrival_id, named_by) references subsidy_arrival (area, id, named_by),
    foreign key (named_by, named_person) references officer (login, person_id),
    foreign key (withdrawn_by, withdrawn_person) references officer (login, person_id)
);

-- Who names money of a transfer waits for others who do.
-- +goose StatementBegin
create function check_subsidy_arrival() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
    bad bigint;
begin
    perform 1 from fund_transfer f
      where (f.area, f.id) in (select area, transfer_id from new_row) order by f.area, f.id for no key update;
    select n.transfer_id into bad from new_row n
      join subsidy_run r on r.area = n.area and r.id = n.run_id
      left join fund_transfer f on f.area = n.area and f.id = n.transfer_id
     where f.kind is distinct from 'subsidy' or f.purpose <> 'contribution' or f.state <> 'booked'
        or f.scheme <> r.scheme or f.effective_on <> n.arrived_on
        or f.amount < (select sum(a.amount) from subsidy_arrival a
               where a.area = n.area and a.transfer_id = n.transfer_id and not exists (
                   select from subsidy_arrival_withdrawn w where w.area = a.area and w.arrival_id = a.id)) limit 1;
    if found then
        raise exception 'transfer % brought no such money for contributions', bad
            using errcode = '23514', constraint = 'subsidy_arrival_of_its_transfer';
    end if;
    return null;
end
$$;
-- +goose StatementEnd
create trigger check_subsidy_arrival after insert on subsidy_arrival
    referencing new table as new_row for each statement execute function check_subsidy_arrival();

-- What stands of a list that is credited stays.
-- +goose StatementBegin
create function check_subsidy_withdrawn() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
    bad bigint;
begin
    select n.arrival_id into bad from new_row n
      join subsidy_arrival a on a.area = n.area and a.id = n.arrival_id
      join subsidy_run_approved p on p.area = a.area and p.run_id = a.run_id limit 1;
    if found then
        raise exception 'arrival % is of a list that is credited', bad
            using errcode = '23514', constraint = 'subsidy_arrival_credited';
    end if;
    return null;
end
$$;
-- +goose StatementEnd
create trigger check_subsidy_withdrawn after insert on subsidy_arrival_withdrawn
    referencing new table as new_row for each statement execute function check_subsidy_withdrawn();

-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array['subsidy_arrival_withdrawn'];
begin
    foreach t in array facts loop
        execute format('create trigger append_only before update or delete or truncate on %I
            for each statement execute function refuse_change()', t);
        execute format('revoke all on %I from public', t);
        execute format('grant select, insert on %I to twoline_app', t);
    end loop;
    execute 'revoke all on function check_subsidy_arrival() from public';
    execute 'revoke all on function check_subsidy_withdrawn() from public';
end
$$;
-- +goose StatementEnd

-- +goose Down
select 'forward only';
