-- Roads back: a membership that ended lives again, where the account comes back or the member does.
-- Cost on a live table: member_end and member_departed, which are few, are read once for a wider key and lose one;
-- the new columns of others write nothing.

-- +goose Up

-- A membership can end, live again and end again: each end of a member has its number.
alter table member_end add column nth smallint not null default 1 check (nth >= 1);
alter table member_end drop constraint member_end_pkey;
alter table member_end add constraint member_end_key primary key (area, member_id, nth);
-- Who came back may depart again: that a member departs once at a time is the key of the end.
alter table member_departed drop constraint member_departed_area_member_id_key;

-- An end of a membership that is undone: the bank gave back the money of the transfer out that ended it, or the member
-- came back. From from_month on the member may be entitled again.
create table member_returned (
    area          integer not null,
    member_id     bigint not null,
    nth           smallint not null,
    reason        text not null check (reason in ('money_back', 'came_back')),
    returned_on   date not null,
    from_month    date not null check (extract(day from from_month) = 1),
    -- The transfer whose money came back, or the member's request.
    source_id     bigint not null,
    decision_id   bigint not null,
    decision_kind text not null generated always as ('transfer') stored,
    approved_at   timestamptz not null,
    business_day  date not null,
    primary key (area, member_id, nth),
    unique (area, source_id),
    foreign key (area, member_id, nth) references member_end,
    foreign key (area, decision_id, decision_kind, source_id) references decision_request (area, id, kind, subject_id),
    check (returned_on <= business_day)
);
create trigger check_decided after insert on member_returned
    referencing new table as new_row for each statement execute function check_decided();

-- Somebody who left and comes back, as it was asked for. What the end of the membership paid or sent away stays where it
-- went: the account, the years and the dues begin anew.
create table member_return (
    area         integer not null,
    id           bigint not null default nextval('fact_id'),
    member_id    bigint not null,
    document     text not null check (length(document) between 1 and 200),
    made_by      text not null,
    made_at      timestamptz not null,
    business_day date not null,
    primary key (area, id),
    foreign key (area, member_id) references member
);

-- The level of an arrival that was taken back stands in no sum any more: who took it back repeats it. Those of before are
-- without.
alter table subsidy_arrival_withdrawn add column level text;
alter table pension_subsidy_withdrawn add column level text;

-- Nobody is entitled for a month in which they were no member: while an end stands, or before the month of the return.
-- +goose StatementBegin
create or replace function check_entitled() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
    bad bigint;
begin
    select n.member_id into bad from member_end e
      join new_row n on n.area = e.area and n.member_id = e.member_id
      left join member_returned r on r.area = e.area and r.member_id = e.member_id and r.nth = e.nth
     where n.amount > 0 and n.from_month >= e.from_month and (r.area is null or n.from_month < r.from_month) limit 1;
    if found then
        raise exception 'member % is entitled to nothing, whose membership ended', bad
            using errcode = '23514', constraint = 'entitled_member';
    end if;
    return null;
end
$$;
-- +goose StatementEnd

-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array['member_return', 'member_returned'];
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
