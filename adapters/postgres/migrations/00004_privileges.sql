-- What the application's role may do, and the triggers that hold for everybody. Cost on a live table: short locks.

-- +goose Up
-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array[
        'area_rule', 'two_line_rule', 'entry', 'posting', 'sealed_balance', 'sealed_day', 'period_close',
        'withholding_run', 'batch_event', 'withholding_item', 'receipt_part', 'answer', 'arrival', 'counter_receipt',
        'terminal_day', 'agreement', 'arrival_suspense', 'arrival_subject', 'refund_task', 'exception_case', 'exception_closed',
        'bank_query', 'account_opening', 'account_opening_item', 'account_opening_answer', 'transfer_event', 'approval',
        'fixed_deposit', 'opening_balance', 'personal_opening', 'personal_opening_asked', 'statement', 'statement_line',
        'reconciliation_match',
        'reconciliation_run',
        'reconciliation_count', 'reconciliation_break', 'break_line', 'break_closed', 'idempotency', 'audit',
        'tier_choice'];
    states text[] := array[
        'withholding_batch', 'receipt', 'agreement_progress', 'arrival_watch', 'batch_counter', 'item_counter', 'fund_transfer', 'book',
        'instrument', 'mandate', 'officer', 'duty_grant', 'session', 'bank_key', 'member', 'person', 'organisation', 'bank',
        'fund_account', 'region', 'area', 'chart_account', 'working_day', 'used_nonce'];
begin
    foreach t in array facts loop
        execute format('create trigger append_only before update or delete or truncate on %I
            for each statement execute function refuse_change()', t);
    end loop;
    foreach t in array states loop
        if t not in ('used_nonce') then
            execute format('create trigger no_removal before delete or truncate on %I
                for each statement execute function refuse_change()', t);
        end if;
    end loop;
    execute 'revoke all on all tables in schema public from public';
    execute 'revoke all on all functions in schema public from public';
    execute 'grant usage on schema public to twoline_app';
    foreach t in array facts || states loop
        execute format('grant select, insert on %I to twoline_app', t);
    end loop;
    revoke insert on two_line_rule, chart_account, working_day from twoline_app;
    -- Balances are sealed by seal_day alone, which strikes them from the postings.
    revoke insert on sealed_balance, sealed_day from twoline_app;
    grant execute on function seal_day(integer, text, date, timestamptz) to twoline_app;
    grant execute on function day_digest(integer, text, date) to twoline_app;
    grant usage on sequence fact_id to twoline_app;
    grant execute on function two_line_core(text, text, text) to twoline_app;

    grant update (state, version, succeeded, failed, succeeded_amount, arrived_amount, agreed_count, agreed_amount,
        last_answer) on withholding_batch to twoline_app;
    grant update (state, digest, size, duplicate_of, rows, recorded, repeated, pending, refused, amount, code, text,
        processed_at, accepted) on receipt to twoline_app;
    grant update (posted_upto, posted_count, done) on agreement_progress to twoline_app;
    grant update (settled_through) on arrival_watch to twoline_app;
    grant update (next) on batch_counter to twoline_app;
    grant update (next) on item_counter to twoline_app;
    grant update (state, version) on fund_transfer to twoline_app;
    grant update (activated, for_payout, ended_on) on instrument to twoline_app;
    grant update (ended_on) on mandate to twoline_app;
    grant update (failures, locked_until, disabled_at, password_hash) on officer to twoline_app;
    grant update (revoked_at) on duty_grant to twoline_app;
    grant update (last_seen, ended_at) on session to twoline_app;
    grant update (revoked_at) on bank_key to twoline_app;
    grant delete on used_nonce to twoline_app;
    -- So that the service can prove that the schema is the one it was built for.
    grant select on goose_db_version to twoline_app;
end
$$;
-- +goose StatementEnd

-- +goose Down
select 'forward only';
