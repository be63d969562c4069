-- Edges of entitlement: the child-linked rule stops the base pension alone, of those already of age at the start, while
-- the rule is in force; and a funeral grant that a later rise makes higher.
-- Cost on a live table: the new check reads the roster lines once; estate_granted gains a column with a constant default,
-- which writes nothing, and its key is built anew over the few grants there are.

-- +goose Up

-- The value of a rule of an area that holds on a day, the area's own before the nation's, as it was known at an instant.
-- +goose StatementBegin
create function rule_value_on(of_area integer, of_rule text, on_day date, known timestamptz) returns text
stable parallel safe language sql as $$
    select coalesce(n.value, r.value) #>> '{}'
      from public.area_rule r
      left join lateral (
           select n.value from public.area_rule_round n
            where n.area = r.area and n.rule = r.rule and n.effective_from = r.effective_from and n.approved_at <= known
            order by n.round desc limit 1) n on true
     where r.rule = of_rule and r.area in (0, of_area) and r.effective_from <= on_day
       and not exists (select from public.approval a where a.area = r.area and a.subject = 'decision_request'
               and a.subject_id = r.decision_id and a.duty = 'checker' and a.decision = 'approved' and a.decided_at > known)
     order by r.area = 0, r.effective_from desc limit 1
$$;
-- +goose StatementEnd

-- Whether a child who does not pay stops the base pension of a member for a month: the rule is in force on its first day,
-- and the member was of age when the scheme began in the area. Where nobody decided about it the stop stands.
-- +goose StatementBegin
create function child_linked_stops(of_area integer, of_member bigint, of_month date, known timestamptz) returns boolean
stable parallel safe language sql as $$
    select coalesce(public.rule_value_on(of_area, 'child_linked', of_month, known) = 'true', true)
       and coalesce((
           select substr(m.id_number, 7, 8) <= to_char(greatest((s.day - s.age)::date, (s.day + 1 - s.age)::date - 1), 'YYYYMMDD')
             from (select b.day, make_interval(years => public.rule_value_on(of_area, 'pension_age', b.day, known)::int) as age
                     from (select public.rule_value_on(of_area, 'scheme_start', 'infinity', known)::date as day) b) s), true)
      from public.member m
     where m.area = of_area and m.id = of_member and m.scheme <> 'land_lost'
$$;
-- +goose StatementEnd

-- The base pension that it stops is a line of its own, and no payment.
alter table roster_line add constraint child_linked_is_held check (cause <> 'child_linked' or (held <> ''
    and base_pension > 0 and account_pension = 0 and funeral_grant = 0 and one_off = 0 and replaces is null));

-- A base pension of the month of the death that was decided higher later raises the funeral grant: what is granted beside
-- the first grant, by its number. Each number is granted once.
alter table estate_granted add column nth smallint not null default 1 check (nth >= 1);
drop index estate_granted_funeral;
create unique index estate_granted_funeral on estate_granted (area, member_id, round, nth) where funeral > 0;

-- +goose StatementBegin
do $$
begin
    revoke all on function rule_value_on(integer, text, date, timestamptz) from public;
    grant execute on function rule_value_on(integer, text, date, timestamptz) to twoline_app;
    revoke all on function child_linked_stops(integer, bigint, date, timestamptz) from public;
    grant execute on function child_linked_stops(integer, bigint, date, timestamptz) to twoline_app;
end
$$;
-- +goose StatementEnd

-- +goose Down
select 'forward only';
