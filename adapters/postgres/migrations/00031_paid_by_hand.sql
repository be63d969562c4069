-- A pension that somebody paid by hand before the bank gave the first payment back: it is never paid a third time. Cost on
-- a live table: decision_request is read once for its widened check.

-- +goose Up

alter table decision_request drop constraint decision_request_kind_check;
alter table decision_request add constraint decision_request_kind_check
    check (kind in ('file', 'item', 'case', 'return', 'notice', 'opening_balance', 'opening_accounts', 'match_rules',
        'policies', 'contribution_list', 'subsidy_list', 'interest_run', 'award_run', 'due_run', 'due', 'recovery',
        'transfer', 'refund', 'hand_payment'));

-- The permanent core again: a payment by hand leaves the expenditure account.
-- +goose StatementBegin
create or replace function two_line_core(kind text, side text, role text) returns boolean
language sql immutable parallel safe as $$
    select case
        -- A benefit, a refund of one or any other expenditure of the fund leaves the expenditure account only.
        when role like 'benefit%' then kind in ('benefit', 'payment_return', 'return_unclaimed', 'account_paid_out',
            'recovery_by_channel', 'recovery_settled') and side = 'debit'
        -- A subsidy is booked by a subsidy receipt only, which touches the fiscal special account.
        when role like 'subsidy%' then kind = 'subsidy' and side = 'credit'
        when kind = 'subsidy' then role = 'fiscal_special' and side = 'debit'
        -- The income account pays the sweep, refunds by the original channel, remittances; nothing else.
        when role = 'income' and side = 'credit' then kind in ('sweep', 'contribution_refund', 'unrecognised_return', 'bank_correction',
            'transfer_in_return', 'remittance_made')
        when role = 'income' then kind in ('opening', 'contribution', 'unrecognised_receipt', 'recovery_receipt',
            'interest', 'transfer_in', 'remittance_received')
        when kind = 'sweep' then role = 'fiscal_special' and side = 'debit'
        -- The expenditure account is fed by the allocation, the agency above, its own interest, its own returns.
        when role = 'expenditure' and side = 'debit' then kind in ('opening', 'allocation', 'transit_return',
            'payment_return', 'recovery_by_channel', 'interest', 'remittance_received')
        when kind = 'allocation' then role = 'fiscal_special' and side = 'credit'
        when role = 'expenditure' and side = 'credit' then kind in ('payment_handover', 'benefit', 'reissue',
            'hand_payment', 'account_paid_out', 'transfer_out', 'interest_handover', 'remittance_made')
        -- Money handed to the bank ahead of pay day came from the expenditure account and goes to pensioners or back.
        when role = 'in_transit' then kind in ('opening', 'payment_handover', 'benefit', 'account_paid_out',
            'transit_return', 'reissue')
        when kind = 'benefit' then role like 'personal%'
        -- What touches a benefit touches no other bank account than the expenditure account, which is named above.
        when kind in ('payment_return', 'return_unclaimed', 'account_paid_out', 'recovery_by_channel',
            'recovery_settled') then role = 'suspense' or role like 'personal%'
        -- Administrative costs never come out of the fund: no kind of entry books other expenditure.
        else role <> 'other_expenditure'
    end
$$;
-- +goose StatementEnd

-- What was paid by hand instead of a payment that the bank made: its own movement on the expenditure account, booked
-- against suspense, where the first payment comes back to. From this row on the claim is paid.
create table hand_payment (
    area           integer not null,
    id             bigint not null,
    item_id        bigint not null,
    batch_id       bigint not null,
    amount         bigint not null check (amount > 0),
    fund_account   bigint not null,
    bank_reference text not null check (length(bank_reference) between 1 and 64),
    paid_on        date not null,
    document       text not null check (length(document) between 1 and 200),
    entered_by     text not null,
    business_day   date not null,
    entered_at     timestamptz not null,
    -- Two people decided it.
    decision_id    bigint not null,
    decision_kind  text not null generated always as ('hand_payment') stored,
    primary key (area, id),
    constraint hand_payment_once unique (area, item_id),
    constraint hand_payment_reference unique (area, fund_account, bank_reference),
    foreign key (area, fund_account) references fund_account,
    foreign key (area, decision_id, decision_kind, item_id) references decision_request (area, id, kind, subject_id),
    check (paid_on <= business_day)
);
create trigger check_decided after insert on hand_payment
    referencing new table as new_row for each statement execute function check_decided();

-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array['hand_payment'];
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
