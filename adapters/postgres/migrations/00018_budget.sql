-- What was decided of a year's income and expenditure. Cost on a live table: none, the table is new.

-- +goose Up

-- The newest row of an account and year holds.
create table budget (
    area       integer not null references area,
    id         bigint not null default nextval('fact_id'),
    scheme     text not null check (scheme in ('resident', 'rural', 'urban', 'land_lost')),
    year       smallint not null check (year between 2009 and 2100),
    role       text not null,
    amount     bigint not null check (amount >= 0),
    document   text not null check (length(document) between 1 and 200),
    entered_by text not null,
    entered_at timestamptz not null,
    primary key (area, id),
    unique (area, scheme, year, role, document)
);

-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array['budget'];
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
