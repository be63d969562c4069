-- Money out: entitlements, holds, rosters, pay runs, what was sent and what came back. Cost on a live table: short
-- locks on approval and receipt; all other tables are new.

-- +goose Up

-- What a member is to be paid a month from a month on, by component. The newest row up to a month holds; amount 0 ends it.
create table entitlement (
    area       integer not null,
    id         bigint not null default nextval('fact_id'),
    member_id  bigint not null,
    component  text not null check (component in ('base_pension', 'account_pension', 'funeral_grant', 'one_off')),
    from_month date not null check (extract(day from from_month) = 1),
    amount     bigint not null check (amount >= 0),
    document   text not null check (length(document) between 1 and 200),
    entered_by text not null,
    entered_at timestamptz not null,
    primary key (area, id),
    -- A later decision on the same month is another document's.
    unique (area, member_id, component, from_month, document),
    foreign key (area, member_id) references member
);
create index entitlement_member on entitlement (area, member_id, component, from_month, id);

-- A death that a list or a person reported. A wrong notice is taken back by a row of its own.
create table death_notice (
    area       integer not null,
    id         bigint not null default nextval('fact_id'),
    member_id  bigint not null,
    died_on    date not null,
    source     text not null check (length(source) between 1 and 60),
    document   text not null check (length(document) between 1 and 200),
    entered_by text not null,
    entered_at timestamptz not null,
    primary key (area, id),
    unique (area, member_id, died_on, source),
    foreign key (area, member_id) references member
);
create table death_withdrawn (
    area          integer not null,
    notice_id     bigint not null,
    document      text not null check (length(document) between 1 and 200),
    entered_by    text not null,
    entered_at    timestamptz not null,
    -- Two people decided it.
    decision_id   bigint not null,
    decision_kind text not null generated always as ('notice') stored,
    primary key (area, notice_id),
    foreign key (area, notice_id) references death_notice
);

-- A member is not paid from a month on, until the hold is released by two people.
create table payment_hold (
    area       integer not null,
    id         bigint not null default nextval('fact_id'),
    member_id  bigint not null,
    reason     text not null check (reason in ('certification_overdue', 'other_pension', 'duplicate_identity',
                   'shared_account', 'amount_review', 'court', 'investigation', 'manual')),
    from_month date not null check (extract(day from from_month) = 1),
    text       text not null default '',
    opened_by  text not null,
    opened_at  timestamptz not null,
    primary key (area, id),
    foreign key (area, member_id) references member
);
create index payment_hold_member on payment_hold (area, member_id);

-- Requests that two people decide: the end of a hold, another account for a member.
create table hold_release (
    area         integer not null,
    id           bigint not null default nextval('fact_id'),
    hold_id      bigint not null,
    document     text not null check (length(document) between 1 and 200),
    digest       bytea not null check (length(digest) = 32),
    maker        text not null,
    maker_person bigint not null,
    made_at      timestamptz not null,
    state        text not null check (state in ('submitted', 'approved', 'rejected', 'withdrawn')),
    version      integer not null default 1,
    primary key (area, id),
    unique (area, id, maker_person, digest),
    foreign key (area, hold_id) references payment_hold,
    foreign key (maker, maker_person) references officer (login, person_id)
);
create unique index hold_release_open on hold_release (area, hold_id) where state in ('submitted', 'approved');
create index hold_release_hold on hold_release (area, hold_id, id);

create table instrument_change (
    area          integer not null,
    id            bigint not null default nextval('fact_id'),
    -- The instrument that ends, and the one that was opened instead when the change was approved.
    instrument_id bigint not null,
    member_id     bigint not null,
    bank          text not null,
    kind          text not null check (kind in ('card', 'passbook')),
    account_no    text not null,
    bank_no       text check (bank_no ~ '^[0-9]{12}$'),
    activated     boolean not null,
    document      text not null check (length(document) between 1 and 200),
    digest        bytea not null check (length(digest) = 32),
    maker         text not null,
    maker_person  bigint not null,
    made_at       timestamptz not null,
    successor_id  bigint,
    state         text not null check (state in ('submitted', 'approved', 'rejected', 'withdrawn')),
    version       integer not null default 1,
    primary key (area, id),
    unique (area, id, maker_person, digest),
    foreign key (area, instrument_id) references instrument,
    foreign key (area, bank) references bank,
    foreign key (maker, maker_person) references officer (login, person_id),
    check ((state = 'approved') = (successor_id is not null))
);
create unique index instrument_change_open on instrument_change (area, instrument_id) where state = 'submitted';
create unique index instrument_change_successor on instrument_change (area, successor_id) where successor_id is not null;
create index instrument_change_instrument on instrument_change (area, instrument_id, id);

-- Who is entitled for a month, and who is held back and why. A roster is made anew as often as wanted.
create table roster (
    area            integer not null,
    id              bigint not null default nextval('fact_id'),
    scheme          text not null,
    month           date not null check (extract(day from month) = 1),
    kind            text not null check (kind in ('regular', 'supplementary', 'reissue')),
    entitled        integer not null,
    entitled_amount bigint not null,
    held            integer not null,
    held_amount     bigint not null,
    made_by         text not null,
    made_at         timestamptz not null,
    business_day    date not null,
    primary key (area, id),
    foreign key (area, scheme) references book
);
create table roster_line (
    area            integer not null,
    roster_id       bigint not null,
    seq             integer not null check (seq >= 1),
    member_id       bigint not null,
    -- The month that is paid for: the roster's own, or an earlier one's where it is paid again.
    month           date not null,
    base_pension    bigint not null check (base_pension >= 0),
    account_pension bigint not null check (account_pension >= 0),
    funeral_grant   bigint not null check (funeral_grant >= 0),
    one_off         bigint not null check (one_off >= 0),
    -- Where it goes; null where the member has no account for pay-out.
    instrument_id   bigint,
    -- The item that failed or was returned and is paid again.
    replaces        bigint,
    -- Why it is held back; empty is payable.
    held            text not null default '',
    primary key (area, roster_id, seq),
    unique (area, roster_id, member_id, month),
    check (base_pension + account_pension + funeral_grant + one_off > 0)
);

create table pay_run (
    area           integer not null,
    id             bigint not null default nextval('fact_id'),
    scheme         text not null,
    month          date not null check (extract(day from month) = 1),
    kind           text not null check (kind in ('regular', 'supplementary', 'reissue')),
    ordinal        integer not null check (ordinal >= 1),
    roster_id      bigint not null,
    -- The run whose rows these are, less those that a screen took out at its release.
    predecessor    bigint,
    pay_day        date not null,
    handover_due   date not null,
    item_count     integer not null default 0,
    amount         bigint not null default 0,
    -- Over the batches' digests; set by the freeze, never changed.
    digest         bytea check (length(digest) = 32),
    maker          text not null,
    maker_person   bigint not null,
    made_at        timestamptz not null,
    business_day   date not null,
    released_on    date,
    -- Why the hand-over came later than it was due.
    late_reason    text not null default '',
    state          text not null check (state in
                       ('draft', 'frozen', 'approved', 'released', 'closed', 'refused', 'withdrawn')),
    version        integer not null default 1,
    primary key (area, id),
    unique (area, id, maker_person, digest),
    unique (area, scheme, month, kind, ordinal),
    foreign key (maker, maker_person) references officer (login, person_id),
    foreign key (area, roster_id) references roster,
    foreign key (area, scheme) references book,
    check ((state in ('draft', 'withdrawn', 'refused')) or (digest is not null and item_count > 0)),
    check ((state in ('released', 'closed')) = (released_on is not null))
);
-- A month is paid once: one live regular run.
create unique index pay_run_month on pay_run (area, scheme, month)
    where kind = 'regular' and state not in ('refused', 'withdrawn');

create table run_event (
    area       integer not null,
    run_id     bigint not null,
    version    integer not null,
    from_state text not null,
    to_state   text not null,
    actor      text not null,
    at         timestamptz not null,
    evidence   text not null default '',
    primary key (area, run_id, version)
);

-- What the screens found at a release: the run was withdrawn for it.
create table release_hit (
    area      integer not null,
    run_id    bigint not null,
    item_id   bigint not null,
    member_id bigint not null,
    reason    text not null,
    found_at  timestamptz not null,
    primary key (area, run_id, item_id)
);

create table payment_batch (
    area          integer not null,
    id            bigint not null,
    run_id        bigint not null,
    scheme        text not null,
    month         date not null,
    bank          text not null,
    clearing_bank text not null,
    fund_account  bigint not null,
    settlement    text not null check (settlement in ('net', 'gross', 'itemised')),
    batch_no      text not null,
    item_count    integer not null check (item_count > 0),
    amount        bigint not null check (amount > 0),
    digest        bytea not null check (length(digest) = 32),
    file_name     text not null,
    file_digest   bytea not null check (length(file_digest) = 32),
    file_size     bigint not null check (file_size > 0),
    created_on    date not null,
    created_at    timestamptz not null,
    state         text not null check (state in
                      ('ready', 'exported', 'sending', 'sent', 'acked', 'done', 'unknown', 'withdrawn')),
    version       integer not null default 1,
    -- The day the bank took the lump, where it settles gross.
    handed_over_on   date,
    -- Counters of the facts, moved under the row's lock with the facts themselves; verification recounts them.
    succeeded        integer not null default 0,
    failed           integer not null default 0,
    succeeded_amount bigint not null default 0,
    failed_amount    bigint not null default 0,
    returned         integer not null default 0,
    returned_amount  bigint not null default 0,
    last_answer      bigint not null default 0,
    -- Answers up to this one are in the book.
    posted_upto      bigint not null default 0,
    check (succeeded + failed <= item_count),
    check (succeeded_amount + failed_amount <= amount),
    check (returned <= succeeded and returned_amount <= succeeded_amount),
    primary key (area, id),
    foreign key (area, run_id) references pay_run,
    foreign key (area, fund_account) references fund_account,
    unique (area, bank, batch_no),
    unique (area, bank, file_name),
    unique (area, bank, file_digest)
);
create index payment_batch_bank on payment_batch (bank, state, id);
create index payment_batch_id on payment_batch (id);
create index payment_batch_run on payment_batch (area, run_id);

-- Frozen: the payee, the amount by component and the account as they are sent. No status, as with withholding_item.
create table payment_item (
    area            integer not null,
    id              bigint not null,
    batch_id        bigint not null,
    seq             integer not null check (seq >= 1),
    member_id       bigint not null,
    month           date not null,
    -- regular, or what else is paid for the same month: difference:2, resumption.
    cause           text not null check (length(cause) between 1 and 40),
    attempt         smallint not null check (attempt >= 1),
    -- The item that failed or was returned, which this one pays again; and whether its money waits in suspense.
    replaces        bigint,
    from_suspense   boolean not null default false,
    base_pension    bigint not null check (base_pension >= 0),
    account_pension bigint not null check (account_pension >= 0),
    funeral_grant   bigint not null check (funeral_grant >= 0),
    one_off         bigint not null check (one_off >= 0),
    amount          bigint not null check (amount > 0),
    instrument_id   bigint not null,
    account_no      text not null,
    name            text not null,
    id_number       text not null,
    social_no       text not null,
    region          bigint not null,
    activated       boolean not null,
    primary key (area, id),
    unique (area, batch_id, seq),
    -- Same person, month and cause: one live attempt. Two runs at the same moment meet this key.
    unique (area, member_id, month, cause, attempt),
    check (amount = base_pension + account_pension + funeral_grant + one_off),
    check (not from_suspense or replaces is not null)
);
create index payment_item_social on payment_item (area, batch_id, social_no);
create unique index payment_item_replaces on payment_item (area, replaces, attempt) where replaces is not null;

-- A payment that the bank gave back. parked: its success is not known yet; it is booked when it is.
create table payment_return (
    area           integer not null,
    id             bigint not null default nextval('fact_id'),
    item_id        bigint not null,
    batch_id       bigint not null,
    amount         bigint not null check (amount > 0),
    bank_reference text not null check (length(bank_reference) between 1 and 64),
    value_date     date not null,
    code           text not null default '',
    class          text not null check (class in ('FIX_ACCOUNT', 'BLOCKED', 'RETRY_TECHNICAL', 'DUPLICATE', 'UNKNOWN')),
    text           text not null default '',
    -- The request and its line. Lines that are no return are kept in answer, under the same receipt.
    receipt_id     bigint not null,
    line           integer not null check (line >= 1),
    reported_by    text not null,
    reported_at    timestamptz not null,
    business_day   date not null,
    primary key (area, id),
    -- A payment is returned once, and a bank's number of a credit is used once.
    unique (area, item_id),
    unique (area, batch_id, bank_reference),
    unique (area, receipt_id, line)
);
create index payment_return_reference on payment_return (area, bank_reference);
-- The return stands in the book from this row on; the row is the cause of its entry.
create table payment_return_booked (
    area         integer not null,
    return_id    bigint not null,
    business_day date not null,
    primary key (area, return_id),
    foreign key (area, return_id) references payment_return
);

-- A claim that is never paid again (death, no right): what waits in suspense goes back to the expenditure.
create table return_unclaimed (
    area          integer not null,
    return_id     bigint not null,
    document      text not null check (length(document) between 1 and 200),
    entered_by    text not null,
    business_day  date not null,
    entered_at    timestamptz not null,
    -- Two people decided it.
    decision_id   bigint not null,
    decision_kind text not null generated always as ('return') stored,
    primary key (area, return_id),
    foreign key (area, return_id) references payment_return_booked
);

-- What finance is asked for; an allocation names the request that it serves.
create table funding_request (
    area         integer not null,
    id           bigint not null default nextval('fact_id'),
    scheme       text not null,
    month        date not null check (extract(day from month) = 1),
    account      bigint not null,
    amount       bigint not null check (amount > 0),
    needed_by    date not null,
    document     text not null check (length(document) between 1 and 200),
    requested_by text not null,
    requested_at timestamptz not null,
    business_day date not null,
    primary key (area, id),
    foreign key (area, account) references fund_account,
    foreign key (area, scheme) references book
);

alter table fund_transfer
    add column funding_request bigint,
    add foreign key (area, funding_request) references funding_request,
    add constraint request_of_allocation check (funding_request is null or kind = 'allocation');
create index fund_transfer_request on fund_transfer (area, funding_request) where funding_request is not null;

-- The failures of a payment batch, and the banks' words that contradict an outcome: both are few.
create index answer_failed on answer (area, batch_id) where disposition = 'recorded' and outcome = 'failed';
create index answer_contradiction on answer (area, item_id) where refusal = 'contradicts_outcome';

alter table receipt drop constraint receipt_kind_check;
alter table receipt add constraint receipt_kind_check check (kind in
    ('results', 'result_file', 'statement', 'account_opening_result', 'returns', 'import', 'payment_results',
     'payment_result_file', 'evidence', 'payment_evidence'));
drop index receipt_digest;
create unique index receipt_digest on receipt (area, bank, kind, (coalesce(subject, 0)), digest)
    where state in ('received', 'processed') and kind not in ('results', 'payment_results', 'returns') and size > 0;
drop index receipt_name;
create unique index receipt_name on receipt (area, bank, kind, (coalesce(subject, 0)), name)
    where state in ('received', 'processed') and kind not in ('results', 'payment_results', 'returns')
      and accepted is null;
-- What was set aside is looked for whenever a statement of its account was taken in.
create index receipt_aside on receipt (area, subject, part) where state = 'quarantined' and kind = 'statement';

-- What people decide where no rule can: a file that was set aside, an item whose bank is silent, a case that ends by
-- no event, a return that is never paid again, a death notice that was wrong, what accounts held at go-live. The effect
-- goes the way of the bank's own word, a file is taken in, evidence becomes an answer; or it is a fact that names the
-- decision.
create table decision_request (
    area            integer not null,
    id              bigint not null default nextval('fact_id'),
    kind            text not null check (kind in ('file', 'item', 'case', 'return', 'notice', 'opening_balance',
                        'opening_accounts')),
    -- The receipt, the item of either direction, the case, the return, the notice, the fund account, or the list of
    -- personal accounts.
    subject_id      bigint not null,
    word            text not null,
    document        text not null check (length(document) between 1 and 200),
    reason          text not null default '',
    bank_reference  text not null default '',
    value_date      date,
    code            text not null default '',
    -- Of a fund account: its balance, in fen.
    amount          bigint not null default 0,
    -- The SHA-256 of the document, where it is a file.
    document_digest bytea check (length(document_digest) = 32),
    -- What its maker was shown of the subject.
    about           text not null,
    digest          bytea not null check (length(digest) = 32),
    maker           text not null,
    maker_person    bigint not null,
    made_at         timestamptz not null,
    state           text not null check (state in ('submitted', 'approved', 'rejected', 'withdrawn')),
    version         integer not null default 1,
    primary key (area, id),
    unique (area, id, maker_person, digest),
    -- What a fact that a decision made rests on.
    unique (area, id, kind, subject_id),
    foreign key (maker, maker_person) references officer (login, person_id),
    constraint decision_word check (case kind when 'file' then word in ('accept', 'reject')
        when 'item' then word in ('succeeded', 'failed', 'not_executed') when 'case' then word in ('settled', 'executed')
        when 'return' then word = 'unclaimed' when 'notice' then word = 'taken_back' else word = 'entered' end),
    constraint decision_amount check (amount >= 0 and (amount = 0 or kind = 'opening_balance'))
);
alter table death_withdrawn
    add foreign key (area, decision_id, decision_kind, notice_id) references decision_request (area, id, kind, subject_id);
alter table return_unclaimed
    add foreign key (area, decision_id, decision_kind, return_id) references decision_request (area, id, kind, subject_id);
alter table opening_balance
    add foreign key (area, decision_id, decision_kind, fund_account)
        references decision_request (area, id, kind, subject_id);
alter table personal_opening
    add foreign key (area, decision_id, decision_kind, list_id) references decision_request (area, id, kind, subject_id);
create unique index decision_open on decision_request (area, kind, subject_id) where state = 'submitted';
create index decision_subject on decision_request (area, kind, subject_id, id);

-- How far the file of a batch of either direction came on its way by folder: placing before it gets its name, then
-- what was found when it was to be taken away again.
create table parcel_step (
    area     integer not null,
    batch_id bigint not null,
    step     text not null check (step in ('placing', 'taken_back', 'gone')),
    at       timestamptz not null,
    primary key (area, batch_id, step)
);

-- An approval names what it approves: one column a subject, each with its foreign key to maker and digest.
alter table approval drop constraint approval_subject_check;
alter table approval add constraint approval_subject_check
    check (subject in ('fund_transfer', 'pay_run', 'hold_release', 'instrument_change', 'decision_request'));
alter table approval drop constraint approval_area_subject_id_maker_person_digest_fkey;
alter table approval
    add column fund_transfer bigint generated always as (case subject when 'fund_transfer' then subject_id end) stored,
    add column pay_run bigint generated always as (case subject when 'pay_run' then subject_id end) stored,
    add column hold_release bigint generated always as (case subject when 'hold_release' then subject_id end) stored,
    add column instrument_change bigint generated always as (case subject when 'instrument_change' then subject_id end) stored,
    add column decision_request bigint generated always as (case subject when 'decision_request' then subject_id end) stored,
    add foreign key (area, decision_request, maker_person, digest)
        references decision_request (area, id, maker_person, digest),
    add foreign key (area, fund_transfer, maker_person, digest) references fund_transfer (area, id, maker_person, digest),
    add foreign key (area, pay_run, maker_person, digest) references pay_run (area, id, maker_person, digest),
    add foreign key (area, hold_release, maker_person, digest) references hold_release (area, id, maker_person, digest),
    add foreign key (area, instrument_change, maker_person, digest)
        references instrument_change (area, id, maker_person, digest),
    -- Only what leaves the fund needs a third person.
    add constraint releaser_of_runs check (duty <> 'releaser' or subject = 'pay_run');

-- A run moves one step at a time, and each step rests on its approval: checker and releaser are two people and neither
-- is the maker (approval's keys), all of one digest.
-- +goose StatementBegin
create function check_run_step() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
    legal boolean;
begin
    if tg_op = 'INSERT' then
        if new.state <> 'draft' or new.version <> 1 or new.digest is not null then
            raise exception 'pay run % begins as a draft', new.id using errcode = '23514', constraint = 'run_step';
        end if;
        return new;
    end if;
    if old.digest is not null and (new.digest is distinct from old.digest or new.item_count <> old.item_count
            or new.amount <> old.amount) then
        raise exception 'pay run % is frozen', new.id using errcode = '23514', constraint = 'run_frozen';
    end if;
    legal := case
        when new.state = 'frozen' then old.state = 'draft' and new.digest is not null
        when new.state = 'approved' then old.state = 'frozen' and exists (select from approval a
            where a.area = new.area and a.subject = 'pay_run' and a.subject_id = new.id and a.duty = 'checker'
              and a.decision = 'approved' and a.digest = new.digest)
        -- A batch that was recalled is found to be with the bank after all.
        when new.state = 'released' and old.state = 'closed' then exists (select from payment_batch b
            where b.area = new.area and b.run_id = new.id and b.state = 'withdrawn')
        when new.state = 'released' then old.state = 'approved' and (select count(distinct a.person_id) from approval a
            where a.area = new.area and a.subject = 'pay_run' and a.subject_id = new.id and a.decision = 'approved'
              and a.digest = new.digest and a.person_id <> new.maker_person) = 2
        when new.state = 'refused' then old.state in ('frozen', 'approved') and exists (select from approval a
            where a.area = new.area and a.subject = 'pay_run' and a.subject_id = new.id and a.decision = 'rejected')
        when new.state = 'withdrawn' then old.state in ('draft', 'frozen', 'approved')
        when new.state = 'closed' then old.state = 'released' and not exists (select from payment_batch b
            where b.area = new.area and b.run_id = new.id and b.state not in ('done', 'withdrawn'))
        else false end;
    if not legal or new.version <> old.version + 1 then
        raise exception 'pay run % cannot become % from %', new.id, new.state, old.state
            using errcode = '23514', constraint = 'run_step';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
create trigger check_run_step before insert or update on pay_run for each row execute function check_run_step();

-- Nothing of a run leaves before its release, and batches and items are frozen with it.
-- +goose StatementBegin
create function check_payment_batch_step() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
    run text;
begin
    select state into run from pay_run where area = new.area and id = new.run_id;
    if tg_op = 'INSERT' then
        if new.state <> 'ready' or new.version <> 1 or run is distinct from 'draft' then
            raise exception 'payment batch % begins with the freeze of its run', new.id
                using errcode = '23514', constraint = 'payment_batch_step';
        end if;
        return new;
    end if;
    if new.state <> old.state and (old.state = 'done' or new.version <> old.version + 1
            or (old.state = 'withdrawn' and new.state <> 'unknown')
            or new.state = 'ready' or (new.state = 'exported' and old.state <> 'ready')
            or (new.state = 'withdrawn' and old.state not in ('ready', 'exported', 'sending', 'sent'))
            or (new.state <> 'exported' and run is distinct from 'released')) then
        raise exception 'payment batch % cannot become % from % while its run is %', new.id, new.state, old.state, run
            using errcode = '23514', constraint = 'payment_batch_step';
    end if;
    -- That a recall came too late, two people decided.
    if old.state = 'withdrawn' and new.state = 'unknown' and not exists (select from decision_request d
            join exception_case c on c.area = d.area and c.id = d.subject_id
            join approval a on a.area = d.area and a.subject = 'decision_request' and a.subject_id = d.id
                and a.duty = 'checker' and a.decision = 'approved'
            where d.area = new.area and d.kind = 'case' and d.word = 'executed'
              and c.kind in ('recalled_batch_answered', 'recalled_batch_taken')
              and split_part(c.subject, ':', 2) = new.id::text) then
        raise exception 'nobody decided that recalled payment batch % was executed', new.id
            using errcode = '23514', constraint = 'payment_batch_revived';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
create trigger check_payment_batch_step before insert or update on payment_batch
    for each row execute function check_payment_batch_step();

-- +goose StatementBegin
create function check_payment_items() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
    bad bigint;
begin
    select i.id into bad from new_item i
      left join payment_batch b on b.area = i.area and b.id = i.batch_id
      left join pay_run r on r.area = b.area and r.id = b.run_id
     where r.state is distinct from 'draft' limit 1;
    if found then
        raise exception 'payment item % does not belong to a run that is being frozen', bad
            using errcode = '23514', constraint = 'payment_item_frozen';
    end if;
    return null;
end
$$;
-- +goose StatementEnd
create trigger check_payment_items after insert on payment_item
    referencing new table as new_item for each statement execute function check_payment_items();

-- The requests leave 'submitted' once, each with the approval or rejection of its digest.
-- +goose StatementBegin
create function check_request_step() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
    said text;
begin
    if tg_op = 'INSERT' then
        if new.state <> 'submitted' or new.version <> 1 then
            raise exception '% % begins as submitted', tg_table_name, new.id
                using errcode = '23514', constraint = 'request_step';
        end if;
        return new;
    end if;
    select decision into said from approval
     where area = new.area and subject = tg_table_name and subject_id = new.id and digest = new.digest;
    if old.state <> 'submitted' or new.version <> old.version + 1
       or not coalesce(new.state = said or (new.state = 'withdrawn' and said is null), new.state = 'withdrawn') then
        raise exception '% % cannot become % from %', tg_table_name, new.id, new.state, old.state
            using errcode = '23514', constraint = 'request_step';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
create trigger check_request_step before insert or update on hold_release
    for each row execute function check_request_step();
create trigger check_request_step before insert or update on instrument_change
    for each row execute function check_request_step();
create trigger check_request_step before insert or update on decision_request
    for each row execute function check_request_step();

-- What two people have to decide is written with the approval, which is another person's than the maker's.
-- +goose StatementBegin
create function check_decided() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
    bad bigint;
begin
    select n.decision_id into bad from (select distinct area, decision_id from new_row) n
     where not exists (select from approval a where a.area = n.area and a.subject = 'decision_request'
         and a.subject_id = n.decision_id and a.duty = 'checker' and a.decision = 'approved') limit 1;
    if found then
        raise exception '% rests on decision %, which nobody approved', tg_table_name, bad
            using errcode = '23514', constraint = 'decided';
    end if;
    return null;
end
$$;
-- +goose StatementEnd
create trigger check_decided after insert on death_withdrawn
    referencing new table as new_row for each statement execute function check_decided();
create trigger check_decided after insert on return_unclaimed
    referencing new table as new_row for each statement execute function check_decided();
create trigger check_decided after insert on opening_balance
    referencing new table as new_row for each statement execute function check_decided();
create trigger check_decided after insert on personal_opening
    referencing new table as new_row for each statement execute function check_decided();

-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array[
        'entitlement', 'death_notice', 'death_withdrawn', 'payment_hold', 'roster', 'roster_line', 'run_event',
        'release_hit', 'payment_item', 'payment_return', 'payment_return_booked', 'return_unclaimed', 'funding_request',
        'parcel_step'];
    states text[] := array['decision_request', 'hold_release', 'instrument_change', 'pay_run', 'payment_batch'];
begin
    foreach t in array facts loop
        execute format('create trigger append_only before update or delete or truncate on %I
            for each statement execute function refuse_change()', t);
    end loop;
    foreach t in array states loop
        execute format('create trigger no_removal before delete or truncate on %I
            for each statement execute function refuse_change()', t);
    end loop;
    foreach t in array facts || states loop
        execute format('revoke all on %I from public', t);
        execute format('grant select, insert on %I to twoline_app', t);
    end loop;
    execute 'revoke all on all functions in schema public from public';
    grant update (state, version) on hold_release to twoline_app;
    grant update (state, version) on decision_request to twoline_app;
    grant update (state, version, successor_id) on instrument_change to twoline_app;
    grant update (state, version, digest, item_count, amount, released_on, late_reason) on pay_run to twoline_app;
    grant update (state, version, handed_over_on, succeeded, failed, succeeded_amount, failed_amount, returned,
        returned_amount, last_answer, posted_upto) on payment_batch to twoline_app;
end
$$;
-- +goose StatementEnd

-- +goose Down
select 'forward only';
