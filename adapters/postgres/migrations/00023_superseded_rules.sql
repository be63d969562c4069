-- A rule that was wrong from its first day gets another value by a row of its own, and what was computed names the round
-- that it took. Cost on a live table: policy_asked, award_basis and interest_run get a column with a constant, which
-- writes no row anew; the new checks read them once.

-- +goose Up

-- Which round a row asks for: 0 is a rule from a day on which none begins yet, n supersedes round n - 1 of its day.
alter table policy_asked add column round integer not null default 0 check (round >= 0);

-- What holds instead of a rule from the same first day on. Of several rounds the highest holds.
create table area_rule_round (
    area           integer not null,
    rule           text not null,
    effective_from date not null,
    round          integer not null check (round >= 1),
    value          jsonb not null,
    document       text not null check (length(document) between 1 and 200),
    list_id        bigint not null,
    decision_id    bigint not null,
    decision_kind  text not null generated always as ('policies') stored,
    approved_at    timestamptz not null,
    primary key (area, rule, effective_from, round),
    foreign key (area, rule, effective_from) references area_rule,
    foreign key (area, decision_id, decision_kind, list_id) references decision_request (area, id, kind, subject_id),
    foreign key (area, list_id, rule, effective_from) references policy_asked (area, list_id, rule, effective_from)
);
create index area_rule_round_list on area_rule_round (area, list_id);

-- The rules by their first days as they were known at an instant; at infinity, as they hold.
-- +goose StatementBegin
create function area_rule_held(known timestamptz) returns table (
    area integer, rule text, effective_from date, round integer, value jsonb, document text
) stable language sql as $$
    select r.area, r.rule, r.effective_from, coalesce(n.round, 0), coalesce(n.value, r.value),
           coalesce(n.document, r.document)
      from public.area_rule r
      left join lateral (
           select n.round, n.value, n.document from public.area_rule_round n
            where n.area = r.area and n.rule = r.rule and n.effective_from = r.effective_from and n.approved_at <= known
            order by n.round desc limit 1) n on true
$$;
-- +goose StatementEnd

-- A round is approved by another person than its maker, is as it was asked for, follows the one before and says something
-- else than it.
-- +goose StatementBegin
create function check_rule_round() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
    bad text;
begin
    select n.rule || ' of area ' || n.area || ' from ' || n.effective_from || ' round ' || n.round into bad from new_row n
     where not exists (select from approval a where a.area = n.area and a.subject = 'decision_request'
               and a.subject_id = n.decision_id and a.duty = 'checker' and a.decision = 'approved')
        or not exists (select from policy_asked k where k.area = n.area and k.list_id = n.list_id
               and k.rule = n.rule and k.effective_from = n.effective_from and k.round = n.round
               and k.value = n.value and k.document = n.document) limit 1;
    if found then
        raise exception 'rule % is not as it was asked for and approved', bad
            using errcode = '23514', constraint = 'rule_decided';
    end if;
    select n.rule || ' of area ' || n.area || ' from ' || n.effective_from || ' round ' || n.round into bad from new_row n
     where not exists (
           select from (select 0 as round, r.value from area_rule r where r.area = n.area and r.rule = n.rule
                            and r.effective_from = n.effective_from
                        union all
                        select o.round, o.value from area_rule_round o where o.area = n.area and o.rule = n.rule
                            and o.effective_from = n.effective_from) before
            where before.round = n.round - 1 and before.value <> n.value) limit 1;
    if found then
        raise exception 'rule % supersedes nothing that says otherwise', bad
            using errcode = '23514', constraint = 'rule_round';
    end if;
    return null;
end
$$;
-- +goose StatementEnd
create trigger check_rule_round after insert on area_rule_round
    referencing new table as new_row for each statement execute function check_rule_round();

-- The round of the rule that an amount rests on, and of the rate that a year was reckoned at.
alter table award_basis add column round integer not null default 0 check (round >= 0);
alter table interest_run add column rate_round integer not null default 0 check (rate_round >= 0);

-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array['area_rule_round'];
begin
    foreach t in array facts loop
        execute format('create trigger append_only before update or delete or truncate on %I
            for each statement execute function refuse_change()', t);
        execute format('revoke all on %I from public', t);
        execute format('grant select, insert on %I to twoline_app', t);
    end loop;
    revoke all on function check_rule_round() from public;
    revoke all on function area_rule_held(timestamptz) from public;
    grant execute on function area_rule_held(timestamptz) to twoline_app;
end
$$;
-- +goose StatementEnd

-- +goose Down
select 'forward only';
