-- The last edges of members' money: yearly amounts that were chosen anew. Cost on a live table: none, the table is new.

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

-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array['tier_change'];
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
