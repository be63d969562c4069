-- What goes to banks and comes back, collection, transfers, statements. Cost on a live table: none, all tables are new.

-- +goose Up

create table withholding_run (
    area       integer not null,
    id         bigint not null default nextval('fact_id'),
    scheme     text not null,
    year       smallint not null,
    created_by text not null,
    created_at timestamptz not null,
    business_day date not null,
    primary key (area, id)
);

-- What a bank's file is numbered by comes from counters that are locked and committed with the batch: a freeze that
-- was cut off and is made again takes the same numbers, and so gives the same bytes. The ids of an area's batches and
-- items, of both directions, begin with the area and are given from its item_counter; numbers at a bank from
-- batch_counter.
create table item_counter (
    area integer primary key,
    next bigint not null check (next between 1 and 1000000000000)
);
create table batch_counter (
    area integer not null,
    bank text not null,
    next bigint not null check (next >= 1),
    primary key (area, bank)
);

create table withholding_batch (
    area         integer not null,
    id           bigint not null,
    run_id       bigint not null,
    scheme       text not null,
    year         smallint not null,
    bank         text not null,
    clearing_bank text not null,
    fund_account bigint not null,
    batch_no     text not null,
    item_count   integer not null check (item_count > 0),
    amount       bigint not null check (amount > 0),
    -- SHA-256 over the canonical rows of the items, and over the bytes of the bank's file.
    digest       bytea not null check (length(digest) = 32),
    file_name    text not null,
    file_digest  bytea not null check (length(file_digest) = 32),
    file_size    bigint not null check (file_size > 0),
    created_on   date not null,
    created_at   timestamptz not null,
    state        text not null check (state in ('ready', 'exported', 'sending', 'sent', 'acked', 'done', 'unknown')),
    version      integer not null default 1,
    -- Counters of the facts, moved under the row's lock with the facts themselves; verification recounts them.
    succeeded        integer not null default 0,
    failed           integer not null default 0,
    succeeded_amount bigint not null default 0,
    arrived_amount   bigint not null default 0,
    agreed_count     integer not null default 0,
    agreed_amount    bigint not null default 0,
    last_answer      bigint not null default 0,
    check (succeeded + failed <= item_count),
    check (agreed_amount <= succeeded_amount),
    primary key (area, id),
    foreign key (area, run_id) references withholding_run,
    foreign key (area, fund_account) references fund_account,
    unique (area, bank, batch_no),
    unique (area, bank, file_name),
    unique (area, bank, file_digest)
);
create index withholding_batch_bank on withholding_batch (bank, state, id);
create index withholding_batch_id on withholding_batch (id);

-- Every move of a batch's state, in order; the state column is the last of them.
create table batch_event (
    area     integer not null,
    batch_id bigint not null,
    version  integer not null,
    from_state text not null,
    to_state text not null,
    actor    text not null,
    at       timestamptz not null,
    evidence jsonb not null default '{}',
    primary key (area, batch_id, version)
);

-- Frozen: the payer, the amount and the account as they were sent. No status: an item without a final answer is pending.
create table withholding_item (
    area       integer not null,
    id         bigint not null,
    batch_id   bigint not null,
    seq        integer not null check (seq >= 1),
    member_id  bigint not null,
    year       smallint not null,
    attempt    smallint not null check (attempt >= 1),
    amount     bigint not null check (amount > 0),
    mandate_id bigint not null,
    mandate_no text not null,
    account_no text not null,
    name       text not null,
    id_number  text not null,
    social_no  text not null,
    region     bigint not null,
    primary key (area, id),
    unique (area, batch_id, seq),
    -- One live attempt at a member's due: a second run at the same time meets this key.
    unique (area, member_id, year, attempt)
);

-- Files of rural cooperatives name items by the payer's number.
create index withholding_item_social on withholding_item (area, batch_id, social_no);

-- A file or a long request as received. Only state, its counters and its text may change, by compare-and-set.
create table receipt (
    area         integer not null check (area > 0),
    id           bigint not null default nextval('fact_id'),
    bank         text not null,
    kind         text not null check (kind in
        ('results', 'result_file', 'statement', 'account_opening_result', 'returns', 'import')),
    subject      bigint,
    name         text not null,
    part         text not null default '',
    digest       bytea check (length(digest) = 32),
    size         bigint not null default 0,
    -- The totals that travel beside the file, where the sender gave them.
    declared_count  integer,
    declared_amount bigint,
    state        text not null check (state in ('receiving', 'received', 'processed', 'quarantined', 'duplicate')),
    duplicate_of bigint,
    rows         integer not null default 0,
    recorded     integer not null default 0,
    repeated     integer not null default 0,
    pending      integer not null default 0,
    refused      integer not null default 0,
    amount       bigint not null default 0,
    -- The decision by which two officers accepted a file that was set aside.
    accepted     bigint,
    code         text not null default '',
    text         text not null default '',
    received_by  text not null,
    received_at  timestamptz not null,
    processed_at timestamptz,
    primary key (area, id),
    check (state in ('receiving', 'quarantined') or digest is not null)
);
create index receipt_id on receipt (id);
create unique index receipt_digest on receipt (area, bank, kind, (coalesce(subject, 0)), digest)
    where state in ('received', 'processed') and kind <> 'results' and size > 0;
create unique index receipt_name on receipt (area, bank, kind, (coalesce(subject, 0)), name)
    where state in ('received', 'processed') and kind <> 'results';

create table receipt_part (
    area       integer not null,
    receipt_id bigint not null,
    part       integer not null,
    bytes      bytea not null,
    primary key (area, receipt_id, part)
);

-- Every line of every answer, as taken in. The final one of an item is its outcome, and there is at most one.
create table answer (
    area           integer not null,
    id             bigint not null default nextval('fact_id'),
    receipt_id     bigint not null,
    line           integer not null,
    batch_id       bigint,
    item_id        bigint,
    outcome        text not null check (outcome in ('unknown', 'pending', 'succeeded', 'failed')),
    class          text not null check (class in ('SUCCESS', 'RETRY_FUNDS', 'FIX_ACCOUNT', 'FIX_MANDATE', 'BLOCKED',
                       'RETRY_TECHNICAL', 'DUPLICATE', 'UNKNOWN')),
    code           text not null,
    text           text not null,
    amount         bigint,
    bank_reference text not null,
    value_date     date,
    -- recorded: became the outcome; pending: kept, decides nothing; repeated: known already; refused: see refusal.
    disposition    text not null check (disposition in ('recorded', 'pending', 'repeated', 'refused')),
    refusal        text not null default '',
    answered_at    timestamptz not null,
    primary key (area, id),
    check (disposition <> 'recorded' or (outcome in ('succeeded', 'failed') and item_id is not null)),
    check ((disposition = 'refused') = (refusal <> '')),
    check ((outcome = 'succeeded') = (class = 'SUCCESS'))
);
create unique index answer_final on answer (area, item_id) where disposition = 'recorded';
create unique index answer_line on answer (area, receipt_id, line);
create index answer_reference on answer (area, bank_reference) where disposition = 'recorded' and bank_reference <> '';
create index answer_batch on answer (area, batch_id, id) include (amount) where disposition = 'recorded' and outcome = 'succeeded';

-- Money that arrived on a fund account, told by the bank or read from its statement.
create table arrival (
    area           integer not null,
    id             bigint not null default nextval('fact_id'),
    fund_account   bigint not null,
    -- debit: a bank that settles gross takes the failures of a batch back.
    direction      text not null default 'credit' check (direction in ('credit', 'debit')),
    amount         bigint not null check (amount > 0),
    bank_reference text not null check (length(bank_reference) between 1 and 64),
    value_date     date not null,
    batch_id       bigint,
    item_id        bigint,
    terminal_day   bigint,
    source         text not null check (source in ('notice', 'statement')),
    reported_by    text not null,
    reported_at    timestamptz not null,
    business_day   date not null,
    primary key (area, id),
    foreign key (area, fund_account) references fund_account,
    unique (area, fund_account, bank_reference, direction)
);
-- Which batch money is for, where the notice did not say it or said another one: the bank or its statement names it
-- later, an officer corrects it. The last naming counts, and money is known to its batch from that naming's id on.
create table arrival_subject (
    area       integer not null,
    arrival_id bigint not null,
    id         bigint not null default nextval('fact_id'),
    batch_id   bigint not null,
    named_by   text not null,
    -- What an officer goes by.
    reason     text not null default '',
    named_at   timestamptz not null,
    primary key (area, arrival_id, id),
    foreign key (area, arrival_id) references arrival,
    foreign key (area, batch_id) references withholding_batch,
    constraint officer_says_why check ((named_by like 'officer:%') = (reason <> ''))
);
create index arrival_subject_batch on arrival_subject (area, batch_id);
create index arrival_day on arrival (area, business_day);
create index arrival_batch on arrival (area, batch_id) where batch_id is not null;
create index arrival_terminal on arrival (area, terminal_day) where terminal_day is not null;

-- A payment taken at a counter, on a village terminal or by self-service: a receipt, not yet a posting.
create table counter_receipt (
    area           integer not null,
    id             bigint not null default nextval('fact_id'),
    member_id      bigint not null,
    year           smallint not null,
    -- Payments of a member and year are numbered; two at the same moment meet this key.
    ordinal        smallint not null check (ordinal >= 1),
    amount         bigint not null check (amount > 0),
    channel        text not null check (channel in ('counter', 'terminal', 'self_service', 'village')),
    bank           text not null,
    terminal       text not null,
    paid_on        date not null,
    fund_account   bigint not null,
    bank_reference text not null,
    received_at    timestamptz not null,
    primary key (area, id),
    unique (area, member_id, year, ordinal),
    unique (area, bank, bank_reference)
);
create index counter_receipt_day on counter_receipt (area, bank, terminal, paid_on);

-- A terminal's day, closed: from here on its receipts are fixed. Posted when the bank's credit equals their sum.
create table terminal_day (
    area         integer not null,
    id           bigint not null default nextval('fact_id'),
    bank         text not null,
    terminal     text not null,
    day          date not null,
    fund_account bigint not null,
    receipts     integer not null,
    amount       bigint not null,
    closed_by    text not null,
    closed_at    timestamptz not null,
    primary key (area, id),
    unique (area, bank, terminal, day, fund_account)
);

-- The proof that results and arrived money agree: what is posted, and nothing else is.
create table agreement (
    area        integer not null,
    id          bigint not null default nextval('fact_id'),
    subject     text not null check (subject in ('batch', 'terminal_day')),
    subject_id  bigint not null,
    round       integer not null check (round >= 1),
    -- The recorded answers of the batch with after_answer < id <= upto_answer.
    after_answer bigint not null,
    upto_answer bigint not null,
    -- And all its arrivals that no agreement before it took and that were known to be for it by this id: the arrival's
    -- own, or the naming's.
    upto_arrival bigint not null,
    -- The money went to suspense before it was explained: it is recognised from there.
    from_suspense boolean not null,
    item_count  integer not null,
    amount      bigint not null check (amount > 0),
    fund_account bigint not null,
    effective_on date not null,
    agreed_at   timestamptz not null,
    business_day date not null,
    primary key (area, id),
    foreign key (area, fund_account) references fund_account,
    unique (area, subject, subject_id, round)
);

-- Posting goes in chunks; the row says how far, and is moved in the chunk's own transaction.
create table agreement_progress (
    area         integer not null,
    agreement_id bigint not null,
    posted_upto  bigint not null,
    posted_count integer not null,
    done         boolean not null,
    primary key (area, agreement_id)
);

-- Arrived money that no result explains goes to suspense after the area's days; the row is the cause of that entry.
create table arrival_suspense (
    area       integer not null,
    arrival_id bigint not null,
    business_day date not null,
    primary key (area, arrival_id)
);

-- Up to which day all money of an area is agreed or in suspense, so that the daily look need not read it again.
create table arrival_watch (
    area            integer primary key,
    settled_through date not null
);

-- Money taken above the chosen yearly amount, or without a right to it: to be given back.
create table refund_task (
    area       integer not null,
    id         bigint not null default nextval('fact_id'),
    cause_id   bigint not null,
    member_id  bigint not null,
    year       smallint not null,
    amount     bigint not null check (amount > 0),
    reason     text not null,
    opened_on  date not null,
    primary key (area, id),
    unique (area, cause_id)
);

-- What a person must look at: a refused line, a quarantined file, an item that stays unknown.
create table exception_case (
    area      integer not null,
    id        bigint not null default nextval('fact_id'),
    kind      text not null,
    subject   text not null,
    bank      text not null default '',
    text      text not null,
    opened_on date not null,
    due_on    date,
    opened_at timestamptz not null,
    primary key (area, id),
    unique (area, kind, subject)
);
create table exception_closed (
    area      integer not null,
    case_id   bigint not null,
    text      text not null,
    closed_by text not null,
    closed_at timestamptz not null,
    primary key (area, case_id)
);

-- A question to the bank about an item that is unknown; the item is never sent again until it is answered.
create table bank_query (
    area       integer not null,
    id         bigint not null default nextval('fact_id'),
    item_id    bigint not null,
    batch_id   bigint not null,
    asked_on   date not null,
    asked_at   timestamptz not null,
    primary key (area, id),
    unique (area, item_id, asked_on)
);

create table account_opening (
    area        integer not null,
    id          bigint not null default nextval('fact_id'),
    bank        text not null,
    item_count  integer not null check (item_count between 1 and 500),
    file_name   text not null,
    file_digest bytea not null check (length(file_digest) = 32),
    created_on  date not null,
    created_by  text not null,
    created_at  timestamptz not null,
    primary key (area, id),
    unique (area, bank, file_name),
    foreign key (area, bank) references bank
);
create table account_opening_item (
    area       integer not null,
    opening_id bigint not null,
    seq        integer not null check (seq between 1 and 500),
    member_id  bigint not null,
    primary key (area, opening_id, seq),
    unique (area, opening_id, member_id)
);
create index account_opening_member on account_opening_item (area, member_id);
create table account_opening_answer (
    area       integer not null,
    opening_id bigint not null,
    seq        integer not null,
    receipt_id bigint not null,
    opened     boolean not null,
    instrument_id bigint,
    mandate_id bigint,
    text       text not null,
    primary key (area, opening_id, seq)
);

-- Two-line moves: made by one person, checked by another. State is the only thing that changes.
create table fund_transfer (
    area         integer not null,
    id           bigint not null default nextval('fact_id'),
    scheme       text not null,
    kind         text not null,
    from_account bigint,
    to_account   bigint,
    -- No amount: whatever stands on the income account when the sweep is booked.
    amount       bigint check (amount > 0),
    purpose      text not null default '',
    effective_on date not null,
    document     text not null,
    bank_reference text not null default '',
    -- A fixed deposit: when it matures and at which rate where it is placed; which one, with what interest, where
    -- it is drawn.
    matures_on   date,
    rate         numeric(9,6),
    deposit_id   bigint,
    interest     bigint not null default 0 check (interest >= 0),
    digest       bytea not null check (length(digest) = 32),
    maker        text not null,
    maker_person bigint not null,
    made_at      timestamptz not null,
    state        text not null check (state in ('submitted', 'booked', 'rejected', 'withdrawn')),
    version      integer not null default 1,
    primary key (area, id),
    unique (area, id, maker_person, digest),
    foreign key (area, scheme) references book,
    foreign key (area, from_account) references fund_account,
    foreign key (area, to_account) references fund_account,
    foreign key (maker, maker_person) references officer (login, person_id),
    check (amount is not null or kind = 'sweep'),
    check ((kind = 'deposit_placement') = (matures_on is not null)
       and (kind = 'deposit_placement') = (rate is not null)),
    check ((kind = 'deposit_maturity') = (deposit_id is not null)),
    check (interest = 0 or kind = 'deposit_maturity'),
    check (from_account is not null or to_account is not null),
    check (from_account is distinct from to_account)
);
create index fund_transfer_open on fund_transfer (area, id) where state = 'submitted';
-- A deposit is drawn once.
create unique index fund_transfer_deposit on fund_transfer (area, deposit_id)
    where kind = 'deposit_maturity' and state = 'booked';

create table transfer_event (
    area        integer not null,
    transfer_id bigint not null,
    version     integer not null,
    from_state  text not null,
    to_state    text not null,
    actor       text not null,
    at          timestamptz not null,
    primary key (area, transfer_id, version)
);

-- An approval is bound to the digest of what was seen, and to another person than the maker: by the database.
create table approval (
    area         integer not null,
    subject      text not null check (subject in ('fund_transfer')),
    subject_id   bigint not null,
    duty         text not null check (duty in ('checker', 'releaser')),
    decision     text not null check (decision in ('approved', 'rejected')),
    digest       bytea not null,
    maker_person bigint not null,
    person_id    bigint not null references person,
    login        text not null references officer,
    reason       text not null default '',
    decided_at   timestamptz not null,
    primary key (area, subject, subject_id, duty),
    constraint different_person check (person_id <> maker_person),
    foreign key (login, person_id) references officer (login, person_id),
    foreign key (area, subject_id, maker_person, digest)
        references fund_transfer (area, id, maker_person, digest)
);
create unique index approval_one_person on approval (area, subject, subject_id, person_id);

-- A transfer leaves 'submitted' once: booked with an approval of its digest and the entry that it caused, rejected
-- with a rejection, or withdrawn with neither.
-- +goose StatementBegin
create function check_transfer_step() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
    said  text;
    legal boolean;
begin
    if tg_op = 'INSERT' then
        if new.state <> 'submitted' or new.version <> 1 then
            raise exception 'fund transfer % begins as submitted', new.id
                using errcode = '23514', constraint = 'transfer_step';
        end if;
        return new;
    end if;
    select decision into said from approval
     where area = new.area and subject = 'fund_transfer' and subject_id = new.id and digest = new.digest;
    legal := case new.state
        when 'booked' then coalesce(said = 'approved', false) and exists (
            select from entry where area = new.area and cause = 'fund_transfer:' || new.id
               and kind = new.kind and scheme = new.scheme)
        when 'rejected' then coalesce(said = 'rejected', false)
        when 'withdrawn' then said is null
        else false end;
    if old.state <> 'submitted' or new.version <> old.version + 1 or not legal then
        raise exception 'fund transfer % cannot become % from %', new.id, new.state, old.state
            using errcode = '23514', constraint = 'transfer_step';
    end if;
    return new;
end
$$;
-- +goose StatementEnd

create trigger check_transfer_step before insert or update on fund_transfer
    for each row execute function check_transfer_step();

create table fixed_deposit (
    area        integer not null,
    id          bigint not null,
    account     bigint not null,
    amount      bigint not null check (amount > 0),
    placed_on   date not null,
    matures_on  date not null,
    rate        numeric(9,6) not null check (rate >= 0 and rate < 1),
    primary key (area, id),
    check (matures_on > placed_on)
);

-- Go-live: what an account held on the day before the books began, with the bank's last statement.
create table opening_balance (
    area             integer not null,
    fund_account     bigint not null,
    day              date not null,
    balance          bigint not null check (balance >= 0),
    statement_number text not null,
    statement_digest bytea,
    entered_by       text not null,
    entered_at       timestamptz not null,
    -- Two people decided it.
    decision_id      bigint not null,
    decision_kind    text not null generated always as ('opening_balance') stored,
    primary key (area, fund_account)
);

-- Go-live: the personal accounts of a file, which wait for the approval of a second person.
create table personal_opening_asked (
    area       integer not null,
    list_id    bigint not null,
    member_id  bigint not null,
    individual bigint not null check (individual >= 0),
    collective bigint not null check (collective >= 0),
    subsidy    bigint not null check (subsidy >= 0),
    interest   bigint not null check (interest >= 0),
    primary key (area, list_id, member_id),
    foreign key (area, member_id) references member
);
create index personal_opening_asked_member on personal_opening_asked (area, member_id);

-- Go-live: a member's personal account; booked as items of an opening entry that name this row as their cause.
create table personal_opening (
    area          integer not null,
    member_id     bigint not null,
    id            bigint not null,
    individual    bigint not null check (individual >= 0),
    collective    bigint not null check (collective >= 0),
    subsidy       bigint not null check (subsidy >= 0),
    interest      bigint not null check (interest >= 0),
    entered_by    text not null,
    entered_at    timestamptz not null,
    -- Two people decided it, for the whole list.
    list_id       bigint not null,
    decision_id   bigint not null,
    decision_kind text not null generated always as ('opening_accounts') stored,
    primary key (area, member_id),
    unique (area, id),
    foreign key (area, member_id) references member,
    foreign key (area, list_id, member_id) references personal_opening_asked
);

create table statement (
    area         integer not null,
    id           bigint not null default nextval('fact_id'),
    fund_account bigint not null,
    day_from     date not null,
    day_to       date not null,
    number       text not null,
    opening      bigint not null,
    closing      bigint not null,
    line_count   integer not null,
    receipt_id   bigint not null,
    taken_in_at  timestamptz not null,
    primary key (area, id),
    check (day_from <= day_to),
    unique (area, fund_account, day_from)
);
create table statement_line (
    area           integer not null,
    id             bigint not null default nextval('fact_id'),
    statement_id   bigint not null,
    fund_account   bigint not null,
    line           integer not null,
    direction      text not null check (direction in ('credit', 'debit')),
    amount         bigint not null check (amount > 0),
    booking_date   date not null,
    value_date     date not null,
    bank_reference text not null,
    -- Counts the lines of one account, day, reference, direction and amount: a bank re-uses references.
    ordinal        integer not null check (ordinal >= 1),
    end_to_end_id  text not null,
    batch_ref      text not null,
    reversal       boolean not null,
    counterparty   text not null,
    counterparty_account text not null,
    text           text not null,
    primary key (area, id),
    unique (area, statement_id, line),
    unique (area, fund_account, booking_date, bank_reference, direction, amount, ordinal)
);

-- What the bank's line and the book's line have in common is looked for by the id that the bank echoes, else by its own.
create index statement_line_named on statement_line
    (area, fund_account, (coalesce(nullif(end_to_end_id, ''), bank_reference)));

-- Lines that are the same money. One row a pair; further lines of one side stand alone under the same match_id.
-- A statement line and a book line are consumed once, by the two keys.
create table reconciliation_match (
    area         integer not null,
    match_id     bigint not null default nextval('fact_id'),
    fund_account bigint not null,
    kind         text not null check (kind in ('one_to_one', 'one_to_many', 'many_to_one', 'many_to_many')),
    rule         text not null check (rule in ('book_reversal', 'reference', 'bank_reference', 'shared_reference',
                     'shared_bank_reference', 'batch_total', 'batch_part', 'amount_day_unique')),
    -- The first day at whose end both sides hold all lines of the match.
    settled_on   date not null,
    statement_line_id bigint,
    -- A direct move's line, or the first of an item's lines in its entry: its components are one book line.
    entry_id     bigint,
    book_line    integer,
    matched_at   timestamptz not null,
    check (statement_line_id is not null or entry_id is not null),
    check ((entry_id is null) = (book_line is null))
);
create unique index matched_statement_line on reconciliation_match (area, statement_line_id)
    where statement_line_id is not null;
create unique index matched_book_line on reconciliation_match (area, entry_id, book_line) where entry_id is not null;
create index reconciliation_match_settled on reconciliation_match using brin (settled_on);

-- A run of one account up to a day. Every line up to the day is then matched or in an open break; book lines accounted
-- on or before floor can no longer be added, because the book was sealed through it.
create table reconciliation_run (
    area         integer not null,
    id           bigint not null default nextval('fact_id'),
    fund_account bigint not null,
    day          date not null,
    floor        date not null,
    run_at       timestamptz not null,
    primary key (area, id),
    check (floor <= day)
);
create index reconciliation_run_last on reconciliation_run (area, fund_account, id);
create table reconciliation_count (
    area         integer not null,
    run_id       bigint not null,
    fund_account bigint not null,
    settled_on   date not null,
    rule         text not null,
    matches      integer not null check (matches > 0),
    statement_lines integer not null,
    book_lines   integer not null,
    primary key (area, fund_account, settled_on, rule, run_id)
);

-- A disagreement: every line that is not matched stands in one open break.
create table reconciliation_break (
    area         integer not null,
    id           bigint not null default nextval('fact_id'),
    fund_account bigint not null,
    class        smallint not null check (class between 0 and 7),
    reason       text not null check (reason in ('absent_in_book', 'absent_in_bank', 'amount_differs',
                     'duplicate_bank_line', 'ambiguous')),
    direction    text not null check (direction in ('credit', 'debit')),
    -- What one side holds beyond the other.
    amount       bigint not null check (amount >= 0),
    day          date not null,
    -- SHA-256 over reason and lines; the same break may come again after it was closed.
    digest       bytea not null check (length(digest) = 32),
    round        integer not null check (round >= 1),
    opened_on    date not null,
    opened_at    timestamptz not null,
    primary key (area, id),
    unique (area, fund_account, digest, round)
);
create table break_line (
    area         integer not null,
    break_id     bigint not null,
    statement_line_id bigint,
    entry_id     bigint,
    book_line    integer,
    check ((statement_line_id is null) <> (entry_id is null)),
    check ((entry_id is null) = (book_line is null))
);
create index break_line_break on break_line (area, break_id);
create table break_closed (
    area      integer not null,
    break_id  bigint not null,
    -- matched: all its lines are; renamed: its lines stand in another break, or in a break and a match.
    how       text not null check (how in ('matched', 'renamed')),
    closed_on date not null,
    closed_at timestamptz not null,
    primary key (area, break_id)
);

-- +goose Down
select 'forward only';
