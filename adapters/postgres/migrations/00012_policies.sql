-- Rules of an area change by two people, and the rules that it was set up with stay as they were. Targets of enrolment.
-- Cost on a live table: area_rule is written anew, which holds some hundred rows.

-- +goose Up

-- What a maker asks to have as rules, row by row as it was sent. A list is whole or not at all.
create table policy_asked (
    area           integer not null,
    list_id        bigint not null,
    row            integer not null check (row between 1 and 1000),
    rule           text not null check (length(rule) between 1 and 60),
    effective_from date not null,
    value          jsonb not null,
    document       text not null check (length(document) between 1 and 200),
    primary key (area, list_id, row),
    unique (area, list_id, rule, effective_from)
);

-- A row that was decided names its decision and the list that it stood in; one without is from an area's setting up,
-- or the nation's.
alter table area_rule
    add column decision_id bigint,
    add column list_id bigint,
    add column decision_kind text not null generated always as ('policies') stored,
    add constraint rule_names_its_list check ((decision_id is null) = (list_id is null)),
    add constraint rule_of_its_decision foreign key (area, decision_id, decision_kind, list_id)
        references decision_request (area, id, kind, subject_id),
    add constraint rule_as_asked foreign key (area, list_id, rule, effective_from)
        references policy_asked (area, list_id, rule, effective_from);
create index area_rule_list on area_rule (area, list_id) where list_id is not null;

-- The digest of the rules that an area has without a decision, row by row.
-- +goose StatementBegin
create function policy_digest(of integer, out rows integer, out digest bytea) stable language sql
set search_path = public, pg_temp as $$
    select count(*)::integer, sha256(convert_to(coalesce(string_agg(rule || ' ' || to_char(effective_from, 'YYYY-MM-DD')
               || ' ' || value::text || ' ' || document, E'\n' order by rule collate "C", effective_from), ''), 'UTF8'))
      from area_rule where area = of and decision_id is null
$$;
-- +goose StatementEnd

-- What an area was set up with, kept when its first book is opened.
create table policy_setup (
    area    integer primary key references area,
    rows    integer not null check (rows >= 0),
    digest  bytea not null check (length(digest) = 32),
    kept_at timestamptz not null
);
insert into policy_setup (area, rows, digest, kept_at)
    select b.area, d.rows, d.digest, now() from (select distinct area from book) b, policy_digest(b.area) d;

-- +goose StatementBegin
create function keep_policy_setup() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
begin
    insert into policy_setup (area, rows, digest, kept_at)
        select b.area, d.rows, d.digest, now() from (select distinct area from new_row) b, policy_digest(b.area) d
        on conflict do nothing;
    return null;
end
$$;
-- +goose StatementEnd
create trigger keep_policy_setup after insert on book
    referencing new table as new_row for each statement execute function keep_policy_setup();

-- Once an area has a book, its rules are those that another person than their maker approved, and as they were asked for.
-- +goose StatementBegin
create function check_rule_decided() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
    bad text;
begin
    select n.rule || ' of area ' || n.area || ' from ' || n.effective_from into bad from new_row n
     where n.decision_id is null and n.area <> 0 and exists (select from book b where b.area = n.area) limit 1;
    if found then
        raise exception 'rule % rests on no decision, and the area has a book', bad
            using errcode = '23514', constraint = 'rule_decided';
    end if;
    select n.rule || ' of area ' || n.area || ' from ' || n.effective_from into bad from new_row n
     where n.decision_id is not null
       and (not exists (select from approval a where a.area = n.area and a.subject = 'decision_request'
                and a.subject_id = n.decision_id and a.duty = 'checker' and a.decision = 'approved')
            or not exists (select from policy_asked k where k.area = n.area and k.list_id = n.list_id
                and k.rule = n.rule and k.effective_from = n.effective_from and k.value = n.value
                and k.document = n.document)) limit 1;
    if found then
        raise exception 'rule % is not as it was asked for and approved', bad
            using errcode = '23514', constraint = 'rule_decided';
    end if;
    return null;
end
$$;
-- +goose StatementEnd
create trigger check_rule_decided after insert on area_rule
    referencing new table as new_row for each statement execute function check_rule_decided();

-- How many people a region is to enrol newly, in heads; never compared with money. Two documents may state two figures.
create table enrolment_target (
    area         integer not null,
    region       bigint not null references region,
    -- 0 is what the document states for all of its years together.
    year         smallint not null check (year = 0 or year between 2009 and 2100),
    document     text not null check (length(document) between 1 and 200),
    heads        integer not null check (heads >= 0),
    entered_by   text not null,
    entered_at   timestamptz not null,
    primary key (area, region, year, document),
    check (region / 1000000 = area)
);

-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array['policy_asked', 'policy_setup', 'enrolment_target'];
begin
    foreach t in array facts loop
        execute format('create trigger append_only before update or delete or truncate on %I
            for each statement execute function refuse_change()', t);
        execute format('revoke all on %I from public', t);
        execute format('grant select, insert on %I to twoline_app', t);
    end loop;
    execute 'revoke all on all functions in schema public from public';
    revoke insert on policy_setup from twoline_app;
    grant execute on function policy_digest(integer) to twoline_app;
end
$$;
-- +goose StatementEnd

-- +goose Down
select 'forward only';
