-- Life events: proofs of life, what lists of other offices say of members, months that a stop held back, what was paid
-- after a death and comes back, what heirs are granted. Cost on a live table: none, all tables are new.

-- +goose Up

-- A proof that a member lives. silent is what a bank saw, and names the bank's own number of it.
create table certification (
    area         integer not null,
    id           bigint not null default nextval('fact_id'),
    member_id    bigint not null,
    way          text not null check (way in
                     ('self_service', 'counter', 'village_list', 'home_visit', 'entrusted', 'silent')),
    certified_on date not null,
    document     text not null check (length(document) between 1 and 200),
    bank         text,
    evidence     text check (evidence in ('withdrawal', 'visit')),
    reference    text check (length(reference) between 1 and 64),
    entered_by   text not null,
    entered_at   timestamptz not null,
    business_day date not null,
    primary key (area, id),
    foreign key (area, member_id) references member,
    foreign key (area, bank) references bank,
    unique (area, bank, reference),
    check ((way = 'silent') = (bank is not null) and (bank is null) = (reference is null)
        and (bank is null) = (evidence is null)),
    check (certified_on <= business_day)
);
create unique index certification_once on certification (area, member_id, certified_on, way) where way <> 'silent';
create index certification_newest on certification (area, member_id, certified_on desc);

-- A line of another office's list that fits a member. What fits nobody is not kept: it is of people who are not ours.
create table comparison_match (
    area        integer not null,
    id          bigint not null default nextval('fact_id'),
    list        text not null check (list in ('cremations', 'police', 'employee_pension', 'court')),
    source      text not null check (length(source) between 1 and 60),
    document    text not null check (length(document) between 1 and 200),
    line        integer not null check (line >= 2),
    member_id   bigint not null,
    strength    text not null check (strength in ('strong', 'weak')),
    -- What agrees: number and name, the number alone, name and day of birth.
    agrees      text not null check (agrees in ('number_and_name', 'number', 'name_and_birth')),
    happened_on date,
    entered_by  text not null,
    entered_at  timestamptz not null,
    primary key (area, id),
    foreign key (area, member_id) references member,
    unique (area, list, document, member_id),
    check ((strength = 'strong') = (agrees = 'number_and_name')),
    check (list not in ('cremations', 'police') or happened_on is not null)
);

-- The months that a stop held back, decided when its release was approved: paid by one due, or never. No pay run takes
-- up such a month beside.
create table resumption (
    area          integer not null,
    hold_id       bigint not null,
    member_id     bigint not null,
    back_pay      text not null check (back_pay in ('from_stop', 'none')),
    -- The document of the rule that said so, and from which day on it holds.
    rule_document text not null,
    rule_from     date not null,
    business_day  date not null,
    entered_at    timestamptz not null,
    primary key (area, hold_id),
    unique (area, hold_id, member_id),
    foreign key (area, hold_id) references payment_hold
);
create table resumption_month (
    area      integer not null,
    member_id bigint not null,
    month     date not null check (extract(day from month) = 1),
    hold_id   bigint not null,
    primary key (area, member_id, month),
    foreign key (area, hold_id, member_id) references resumption (area, hold_id, member_id)
);

-- What was paid to a member for months after the month of the death, payment by payment.
create table recovery_case (
    area      integer not null,
    id        bigint not null default nextval('fact_id'),
    member_id bigint not null,
    reason    text not null default 'death' check (reason = 'death'),
    opened_on date not null,
    opened_at timestamptz not null,
    primary key (area, id),
    unique (area, member_id, reason),
    foreign key (area, member_id) references member
);
create table recovery_line (
    area            integer not null,
    case_id         bigint not null,
    item_id         bigint not null,
    month           date not null,
    base_pension    bigint not null check (base_pension >= 0),
    account_pension bigint not null check (account_pension >= 0),
    -- What the payment drew from the personal account.
    drawn           bigint not null check (drawn between 0 and account_pension),
    found_at        timestamptz not null,
    primary key (area, item_id),
    foreign key (area, case_id) references recovery_case,
    check (base_pension + account_pension > 0)
);
create index recovery_line_case on recovery_line (area, case_id, month);

-- How a case is settled: out of the account, out of the funeral grant, and what is asked, in instalments.
create table recovery_plan (
    area         integer not null,
    id           bigint not null default nextval('fact_id'),
    case_id      bigint not null,
    from_account bigint not null check (from_account >= 0),
    from_funeral bigint not null check (from_funeral >= 0),
    asked        bigint not null check (asked >= 0),
    asked_of     text not null check (asked_of in ('family', 'other_pension')),
    -- What of from_account draws the account down now, part by part; the rest was drawn by the payments.
    individual   bigint not null check (individual >= 0),
    collective   bigint not null check (collective >= 0),
    subsidy      bigint not null check (subsidy >= 0),
    interest     bigint not null check (interest >= 0),
    document     text not null check (length(document) between 1 and 200),
    made_by      text not null,
    made_at      timestamptz not null,
    business_day date not null,
    primary key (area, id),
    unique (area, id, case_id),
    foreign key (area, case_id) references recovery_case,
    check (from_account + from_funeral + asked > 0),
    check (individual + collective + subsidy + interest <= from_account)
);
create table recovery_instalment (
    area    integer not null,
    plan_id bigint not null,
    number  smallint not null check (number between 1 and 120),
    due_on  date not null,
    amount  bigint not null check (amount > 0),
    primary key (area, plan_id, number),
    foreign key (area, plan_id) references recovery_plan
);
create table recovery_planned (
    area          integer not null,
    plan_id       bigint not null,
    case_id       bigint not null,
    decision_id   bigint not null,
    decision_kind text not null generated always as ('recovery') stored,
    approved_at   timestamptz not null,
    business_day  date not null,
    primary key (area, plan_id),
    foreign key (area, plan_id, case_id) references recovery_plan (area, id, case_id),
    foreign key (area, decision_id, decision_kind, plan_id) references decision_request (area, id, kind, subject_id)
);

-- Money of a recovery on a fund account: given back by the bank on the expenditure account, or paid in otherwise.
create table recovery_receipt (
    area           integer not null,
    id             bigint not null default nextval('fact_id'),
    case_id        bigint not null,
    way            text not null check (way in ('channel', 'otherwise')),
    fund_account   bigint not null,
    amount         bigint not null check (amount > 0),
    base_pension   bigint not null check (base_pension >= 0),
    account_pension bigint not null check (account_pension >= 0),
    -- What the account holds again of it, part by part.
    individual     bigint not null check (individual >= 0),
    collective     bigint not null check (collective >= 0),
    subsidy        bigint not null check (subsidy >= 0),
    interest       bigint not null check (interest >= 0),
    bank_reference text not null check (length(bank_reference) between 1 and 64),
    value_date     date not null,
    document       text not null check (length(document) between 1 and 200),
    made_by        text not null,
    made_at        timestamptz not null,
    business_day   date not null,
    primary key (area, id),
    unique (area, id, case_id, fund_account, bank_reference),
    foreign key (area, case_id) references recovery_case,
    foreign key (area, fund_account) references fund_account,
    check (amount = base_pension + account_pension),
    check (individual + collective + subsidy + interest <= account_pension),
    check (value_date <= business_day)
);
create table recovery_received (
    area           integer not null,
    receipt_id     bigint not null,
    case_id        bigint not null,
    fund_account   bigint not null,
    bank_reference text not null,
    decision_id    bigint not null,
    decision_kind  text not null generated always as ('recovery') stored,
    approved_at    timestamptz not null,
    business_day   date not null,
    primary key (area, receipt_id),
    -- A credit of the bank settles one recovery.
    unique (area, fund_account, bank_reference),
    foreign key (area, receipt_id, case_id, fund_account, bank_reference)
        references recovery_receipt (area, id, case_id, fund_account, bank_reference),
    foreign key (area, decision_id, decision_kind, receipt_id) references decision_request (area, id, kind, subject_id)
);

-- An heir's claim as it was made: the grant, the balance of the account, or both, and where it goes.
create table estate_claim (
    area           integer not null,
    id             bigint not null default nextval('fact_id'),
    member_id      bigint not null,
    funeral        boolean not null,
    balance        boolean not null,
    heir_name      text not null check (length(heir_name) between 1 and 60),
    heir_id_number text not null check (heir_id_number ~ '^[0-9]{17}[0-9X]$'),
    bank           text not null,
    kind           text not null check (kind in ('card', 'passbook')),
    account_no     text not null,
    document       text not null check (length(document) between 1 and 200),
    -- The heir, the account and the paper, as the decision binds them.
    digest         bytea not null check (length(digest) = 32),
    made_by        text not null,
    made_at        timestamptz not null,
    business_day   date not null,
    primary key (area, id),
    unique (area, id, member_id),
    foreign key (area, member_id) references member,
    foreign key (area, bank) references bank,
    check (funeral or balance)
);
-- What was granted by it. A member's grant and a member's balance are each granted once.
create table estate_granted (
    area          integer not null,
    claim_id      bigint not null,
    member_id     bigint not null,
    died_on       date not null,
    instrument_id bigint not null,
    funeral       bigint not null check (funeral >= 0),
    balance       bigint not null check (balance >= 0),
    -- What the account held then, and what of it stays in the fund.
    held          bigint not null check (held >= 0),
    kept          bigint not null check (kept >= 0),
    decision_id   bigint not null,
    decision_kind text not null generated always as ('due') stored,
    approved_at   timestamptz not null,
    business_day  date not null,
    primary key (area, claim_id),
    foreign key (area, claim_id, member_id) references estate_claim (area, id, member_id),
    foreign key (area, instrument_id) references instrument,
    foreign key (area, decision_id, decision_kind, claim_id) references decision_request (area, id, kind, subject_id),
    check (funeral + balance > 0),
    check (balance = 0 or balance = held - kept)
);
create unique index estate_granted_funeral on estate_granted (area, member_id) where funeral > 0;
create unique index estate_granted_balance on estate_granted (area, member_id) where balance > 0;

create trigger check_decided after insert on recovery_planned
    referencing new table as new_row for each statement execute function check_decided();
create trigger check_decided after insert on recovery_received
    referencing new table as new_row for each statement execute function check_decided();
create trigger check_decided after insert on estate_granted
    referencing new table as new_row for each statement execute function check_decided();

-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array['certification', 'comparison_match', 'resumption', 'resumption_month', 'recovery_case',
        'recovery_line', 'recovery_plan', 'recovery_instalment', 'recovery_planned', 'recovery_receipt',
        'recovery_received', 'estate_claim', 'estate_granted'];
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
