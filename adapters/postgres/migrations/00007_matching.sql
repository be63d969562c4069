-- Matching by rules that are data of an account: every match with its rule, evidence, score and difference; breaks
-- with what is known of them. Cost on a live table: the widened checks read the
-- matches, breaks and decisions once each.

-- +goose Up

-- How an account is matched from a day on. A maker asks for a set of rules, and what a second person approved holds:
-- of several for one day the one that was approved last. An account without one is matched by the engine's own.
create table match_rules (
    area         integer not null,
    id           bigint not null default nextval('fact_id'),
    fund_account bigint not null,
    effective_on date not null,
    -- The engine's JSON, every member written out, and what a query needs of it.
    rules        text not null check (length(rules) <= 20000),
    digest       bytea not null check (digest = sha256(convert_to(rules, 'UTF8'))),
    tolerance    bigint not null check (tolerance between 0 and 100),
    asked_by     text not null,
    asked_at     timestamptz not null,
    primary key (area, id),
    unique (area, id, fund_account, effective_on),
    foreign key (area, fund_account) references fund_account
);
create index match_rules_account on match_rules (area, fund_account, id);
create table match_rules_approved (
    area          integer not null,
    id            bigint not null default nextval('fact_id'),
    rules_id      bigint not null,
    fund_account  bigint not null,
    effective_on  date not null,
    decision_id   bigint not null,
    decision_kind text not null generated always as ('match_rules') stored,
    approved_at   timestamptz not null,
    primary key (area, id),
    unique (area, rules_id),
    foreign key (area, rules_id, fund_account, effective_on) references match_rules (area, id, fund_account, effective_on)
);
create index match_rules_in_force on match_rules_approved (area, fund_account, effective_on desc, id desc);

alter table decision_request drop constraint decision_request_kind_check;
alter table decision_request add constraint decision_request_kind_check
    check (kind in ('file', 'item', 'case', 'return', 'notice', 'opening_balance', 'opening_accounts', 'match_rules'));
alter table match_rules_approved
    add foreign key (area, decision_id, decision_kind, rules_id) references decision_request (area, id, kind, subject_id);
create trigger check_decided after insert on match_rules_approved
    referencing new table as new_row for each statement execute function check_decided();

alter table reconciliation_match drop constraint reconciliation_match_rule_check;
alter table reconciliation_match
    add constraint reconciliation_match_rule_check check (rule in ('book_reversal', 'reference', 'bank_reference',
        'shared_reference', 'shared_bank_reference', 'return_reference', 'bank_reversal', 'batch_total', 'batch_net',
        'batch_part', 'batch_branches', 'batch_items', 'amount_day_unique', 'interest', 'amount_window_unique',
        'subset_sum', 'offset_by_officers', 'written_off_by_officers')),
    -- Of a match's first row; null for a pair of one reference, whose rule says it all.
    add column score smallint check (score between 0 and 100),
    add column evidence text check (length(evidence) between 1 and 500),
    -- What the statement's lines hold beyond the book's, in fen, within the account's tolerance; null is nothing.
    add column difference bigint check (difference <> 0 and difference between -100 and 100);
create index reconciliation_match_tolerated on reconciliation_match (area, fund_account, settled_on)
    where difference is not null;

-- A second line of the bank is looked for by the bank's own reference where it dropped our id, and by its batch.
create index statement_line_bank_named on statement_line (area, fund_account, bank_reference)
    where end_to_end_id <> '' and bank_reference <> '';
create index statement_line_batch on statement_line (area, fund_account, batch_ref) where batch_ref <> '';

alter table reconciliation_break drop constraint reconciliation_break_reason_check;
alter table reconciliation_break
    add constraint reconciliation_break_reason_check check (reason in ('absent_in_book', 'absent_in_bank',
        'amount_differs', 'duplicate_bank_line', 'ambiguous', 'waiting', 'bank_charge', 'bank_interest')),
    -- What was known of the line when the break was opened, beyond its reason.
    add column detail text check (detail in ('result_without_money', 'late_result', 'arrival_without_result',
        'debit_without_result', 'returned_payment', 'unknown_debit'));

-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array['match_rules', 'match_rules_approved'];
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
