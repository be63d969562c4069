-- One person who is registered twice is found by the id number, its old form of 15 digits, or name and account.
-- Cost on a live table: three indexes over members and their accounts are built, some 2 s a million members each; the
-- table is new.

-- +goose Up

-- An id number but its check character, which follows from the rest.
create index member_identity on member (left(id_number, 17));
-- Members who are known by their old id number.
create index member_old_number on member (social_no) where length(social_no) = 15;
create index instrument_account on instrument (account_no, bank) where ended_on is null;

-- How far a look for persons who are registered twice went: the highest ids of members and accounts of all areas. It
-- looks again when there are higher ones, or the last look is long ago.
create table identity_look (
    area                integer not null references area,
    id                  bigint not null default nextval('fact_id'),
    looked_on           date not null,
    members_through     bigint not null,
    instruments_through bigint not null,
    entered_at          timestamptz not null,
    primary key (area, id)
);

-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array['identity_look'];
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
