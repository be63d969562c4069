-- One person who is registered twice is found by the id number, its old form of 15 digits, or name and account. What was
-- paid for months of a sentence, or after the member left the country for good, is recovered.
-- Cost on a live table: three indexes over members and their accounts are built, some 2 s a million members each; the
-- widened checks read recoveries and their plans once each, which are few; the other tables are new.

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

-- A time in prison, by a court's paper. One takes the place of another that was told wrongly, or without its end.
create table sentence (
    area         integer not null,
    id           bigint not null default nextval('fact_id'),
    member_id    bigint not null,
    began_on     date not null,
    ended_on     date,
    document     text not null check (length(document) between 1 and 200),
    replaces     bigint,
    made_by      text not null,
    made_at      timestamptz not null,
    business_day date not null,
    primary key (area, id),
    foreign key (area, member_id) references member,
    foreign key (area, replaces) references sentence,
    check (began_on <= business_day and ended_on >= began_on),
    check (replaces < id)
);
create index sentence_member on sentence (area, member_id);
create table sentence_approved (
    area          integer not null,
    sentence_id   bigint not null,
    replaces      bigint,
    decision_id   bigint not null,
    decision_kind text not null generated always as ('recovery') stored,
    approved_at   timestamptz not null,
    business_day  date not null,
    primary key (area, sentence_id),
    foreign key (area, sentence_id) references sentence,
    foreign key (area, decision_id, decision_kind, sentence_id) references decision_request (area, id, kind, subject_id)
);
create unique index sentence_replaced_once on sentence_approved (area, replaces) where replaces is not null;
create trigger check_decided after insert on sentence_approved
    referencing new table as new_row for each statement execute function check_decided();

alter table recovery_case drop constraint recovery_case_reason_check;
alter table recovery_case add constraint recovery_case_reason_check
    check (reason in ('death', 'other_pension', 'emigration', 'sentence'));
-- The rest is asked of the member where nobody died.
alter table recovery_plan drop constraint recovery_plan_asked_of_check;
alter table recovery_plan add constraint recovery_plan_asked_of_check
    check (asked_of in ('family', 'other_pension', 'member'));

-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array['identity_look', 'sentence', 'sentence_approved'];
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
