-- Edges of deaths and recoveries: grants to heirs that end with a death notice which was wrong, and set-offs that are taken
-- back when the bank gives payments back; last pensions that came back, which are the heirs'; the day on
-- which a family asked; and what a hold for review showed.
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

-- What plans of a recovery drew of an account and is not owed any more, because the bank gave payments back since or the
-- death was taken back: the account holds it again.
create table recovery_recredit (
    area         integer not null,
    id           bigint not null default nextval('fact_id'),
    case_id      bigint not null,
    individual   bigint not null check (individual >= 0),
    collective   bigint not null check (collective >= 0),
    subsidy      bigint not null check (subsidy >= 0),
    interest     bigint not null check (interest >= 0),
    entered_at   timestamptz not null,
    business_day date not null,
    primary key (area, id),
    foreign key (area, case_id) references recovery_case,
    check (individual + collective + subsidy + interest > 0)
);
create index recovery_recredit_case on recovery_recredit (area, case_id);

-- Regular payments up to the month of the death that failed or came back, and that a claim took up: no reissue takes
-- them up while it stands.
create table estate_granted_item (
    area            integer not null,
    item_id         bigint not null,
    claim_id        bigint not null,
    base_pension    bigint not null check (base_pension >= 0),
    account_pension bigint not null check (account_pension >= 0),
    -- Once for each claim: a grant that ended can be granted anew.
    primary key (area, item_id, claim_id),
    foreign key (area, item_id) references payment_item,
    foreign key (area, claim_id) references estate_granted
);
create index estate_granted_item_claim on estate_granted_item (area, claim_id);

-- The day on which the family asked; before this column, the day on which the claim was entered.
alter table estate_claim add column reported_on date check (reported_on <= business_day);

-- What a screen showed of a hold: the amount, and who shares the account. Its release is of no more than that; one from
-- before these columns showed neither, and is looked at once more.
alter table payment_hold add column reviewed_amount bigint check (reviewed_amount > 0);
alter table payment_hold add column sharers bigint[];

-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array['estate_granted_ended', 'recovery_recredit', 'estate_granted_item'];
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
