-- What a year brings to personal accounts: interest by runs, subsidies by lists. Each line is written before it is
-- decided, and posted after; a run that two people decided is never decided again.
-- Cost on a live table: none, all tables are new.

-- +goose Up

-- A year's interest of everybody of a scheme, at the provisional or the final rate; round 0 is the run, later ones
-- take up what came into the book after it, each by a document of its own.
create table interest_run (
    area          integer not null,
    id            bigint not null,
    scheme        text not null check (scheme in ('resident', 'rural', 'urban', 'land_lost')),
    year          smallint not null check (year between 2009 and 2199),
    rate          text not null check (rate in ('provisional', 'final')),
    round         integer not null check (round >= 0),
    -- What a correction rests on; the run itself rests on its rate.
    correction    text not null check (length(correction) <= 200 and (round = 0) = (correction = '')),
    percent       text not null check (length(percent) between 2 and 12),
    rate_document text not null check (length(rate_document) between 1 and 200),
    lines         integer not null check (lines > 0),
    -- Sums over the lines: what the year gives, what stood of it in the book before, what is put to the accounts and
    -- taken back from them, and what would have been taken back and is not there any more.
    interest      bigint not null check (interest >= 0),
    before        bigint not null check (before >= 0),
    rise          bigint not null check (rise >= 0),
    fall          bigint not null check (fall >= 0),
    left_over     bigint not null check (left_over >= 0),
    digest        bytea not null check (length(digest) = 32),
    asked_by      text not null,
    asked_at      timestamptz not null,
    business_day  date not null,
    primary key (area, id),
    unique (area, id, scheme, year, rate, round),
    foreign key (area, scheme) references book,
    check (interest - before = rise - fall - left_over)
);
create index interest_run_year on interest_run (area, scheme, year, id);

-- One line a member. Its id is the cause of the posting.
create table interest_line (
    area      integer not null,
    run_id    bigint not null,
    member_id bigint not null,
    id        bigint not null default nextval('fact_id'),
    -- At the year's beginning; what came and what left in it, interest apart.
    opening   bigint not null check (opening >= 0),
    paid_in   bigint not null,
    paid_out  bigint not null,
    interest  bigint not null check (interest >= 0),
    before    bigint not null,
    amount    bigint not null,
    left_over bigint not null check (left_over >= 0),
    primary key (area, run_id, member_id),
    check (amount = interest - before + left_over),
    check (left_over = 0 or amount <= 0)
);

create table interest_run_approved (
    area          integer not null,
    run_id        bigint not null,
    scheme        text not null,
    year          smallint not null,
    rate          text not null,
    round         integer not null,
    decision_id   bigint not null,
    decision_kind text not null generated always as ('interest_run') stored,
    approved_at   timestamptz not null,
    primary key (area, run_id),
    unique (area, scheme, year, rate, round),
    foreign key (area, run_id, scheme, year, rate, round) references interest_run (area, id, scheme, year, rate, round),
    foreign key (area, decision_id, decision_kind, run_id) references decision_request (area, id, kind, subject_id)
);
create trigger check_decided after insert on interest_run_approved
    referencing new table as new_row for each statement execute function check_decided();

-- Posting goes in chunks by rising member; the row says how far, and is moved in the chunk's own transaction.
create table interest_progress (
    area         integer not null,
    run_id       bigint not null,
    posted_upto  bigint not null,
    posted_count integer not null,
    done         boolean not null,
    primary key (area, run_id),
    foreign key (area, run_id) references interest_run_approved
);

-- What government adds to the contributions of a year: a list of who paid it in that year, by the rule of its day.
-- Round 0 is the first list; later ones hold who paid after it was made.
create table subsidy_run (
    area          integer not null,
    id            bigint not null,
    scheme        text not null check (scheme in ('resident', 'rural', 'urban', 'land_lost')),
    year          smallint not null check (year between 2009 and 2199),
    round         integer not null check (round >= 0),
    -- Contributions up to this day are counted, by the rules of it.
    upto          date not null,
    -- By when the money has to be there, and what says so.
    due_on        date not null,
    document      text not null check (length(document) between 1 and 200),
    rule_document text not null check (length(rule_document) between 1 and 200),
    lines         integer not null check (lines > 0),
    amount        bigint not null check (amount > 0),
    digest        bytea not null check (length(digest) = 32),
    made_by       text not null,
    made_at       timestamptz not null,
    business_day  date not null,
    primary key (area, id),
    unique (area, id, scheme, year, round),
    foreign key (area, scheme) references book
);
create index subsidy_run_year on subsidy_run (area, scheme, year, id);

create table subsidy_line (
    area      integer not null,
    run_id    bigint not null,
    member_id bigint not null,
    id        bigint not null default nextval('fact_id'),
    -- What the member paid for the year in the year, what it earns by tier, and what earlier lists gave.
    paid      bigint not null check (paid > 0),
    entitled  bigint not null check (entitled > 0),
    before    bigint not null check (before >= 0),
    amount    bigint not null check (amount > 0 and amount = entitled - before),
    primary key (area, run_id, member_id)
);

-- The share of each level of government in a list.
create table subsidy_level (
    area   integer not null,
    run_id bigint not null,
    level  text not null check (level in ('centre', 'province', 'city', 'county')),
    amount bigint not null check (amount >= 0),
    primary key (area, run_id, level),
    foreign key (area, run_id) references subsidy_run
);

-- Money of a level that arrived for a list: the transfer that booked it on the fiscal special account.
create table subsidy_arrival (
    area        integer not null,
    id          bigint not null default nextval('fact_id'),
    run_id      bigint not null,
    level       text not null,
    transfer_id bigint not null,
    amount      bigint not null check (amount > 0),
    arrived_on  date not null,
    named_by    text not null,
    named_at    timestamptz not null,
    primary key (area, id),
    unique (area, transfer_id),
    foreign key (area, run_id, level) references subsidy_level,
    foreign key (area, transfer_id) references fund_transfer
);
create index subsidy_arrival_run on subsidy_arrival (area, run_id);

create table subsidy_run_approved (
    area          integer not null,
    run_id        bigint not null,
    scheme        text not null,
    year          smallint not null,
    round         integer not null,
    -- The day of the last arrival: from the month after it the money earns.
    effective_on  date not null,
    decision_id   bigint not null,
    decision_kind text not null generated always as ('subsidy_list') stored,
    approved_at   timestamptz not null,
    primary key (area, run_id),
    unique (area, scheme, year, round),
    foreign key (area, run_id, scheme, year, round) references subsidy_run (area, id, scheme, year, round),
    foreign key (area, decision_id, decision_kind, run_id) references decision_request (area, id, kind, subject_id)
);
create trigger check_decided after insert on subsidy_run_approved
    referencing new table as new_row for each statement execute function check_decided();

create table subsidy_progress (
    area         integer not null,
    run_id       bigint not null,
    posted_upto  bigint not null,
    posted_count integer not null,
    done         boolean not null,
    primary key (area, run_id),
    foreign key (area, run_id) references subsidy_run_approved
);

-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array['interest_run', 'interest_line', 'interest_run_approved', 'subsidy_run', 'subsidy_line',
        'subsidy_level', 'subsidy_arrival', 'subsidy_run_approved'];
    states text[] := array['interest_progress', 'subsidy_progress'];
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
    grant update (posted_upto, posted_count, done) on interest_progress to twoline_app;
    grant update (posted_upto, posted_count, done) on subsidy_progress to twoline_app;
end
$$;
-- +goose StatementEnd

-- +goose Down
select 'forward only';
