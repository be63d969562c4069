-- Edges of deaths and recoveries: grants to heirs that end with a death notice which was wrong.
-- Cost on a live table: estate_granted gains a column with a constant default, which writes nothing, and its two keys are
-- built anew over the few grants there are; the other tables are new.

-- +goose Up

-- A grant ended because no death of its member stands reported any more: nothing of it is paid to an heir after that.
create table estate_granted_ended (
    area       integer not null,
    claim_id   bigint not null,
    -- The notice whose withdrawal ended it.
    notice_id  bigint not null,
    entered_by text not null,
    entered_at timestamptz not null,
    primary key (area, claim_id),
    foreign key (area, claim_id) references estate_granted,
    foreign key (area, notice_id) references death_withdrawn
);
-- What ended is granted again when the member dies: the how-manieth time a claim is granted after one.
alter table estate_granted add column round smallint not null default 1 check (round >= 1);
drop index estate_granted_funeral;
drop index estate_granted_balance;
create unique index estate_granted_funeral on estate_granted (area, member_id, round) where funeral > 0;
create unique index estate_granted_balance on estate_granted (area, member_id, round) where balance > 0;

-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array['estate_granted_ended'];
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
