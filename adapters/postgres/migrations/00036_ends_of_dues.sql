-- Ends of what is owed once: two people say that a due is not paid after all.
-- Cost on a live table: decision_request is read once for its widened check, and estate_granted_ended, which has few
-- rows, for its own; the other table is new.

-- +goose Up

alter table decision_request drop constraint decision_request_kind_check;
alter table decision_request add constraint decision_request_kind_check
    check (kind in ('file', 'item', 'case', 'return', 'notice', 'opening_balance', 'opening_accounts', 'match_rules',
        'policies', 'contribution_list', 'subsidy_list', 'interest_run', 'award_run', 'due_run', 'due', 'recovery',
        'transfer', 'refund', 'hand_payment', 'due_end'));

-- A due that two people ended, beside its row of benefit_due_ended: what it had of its months counts as settled until a
-- month is decided anew.
create table due_end_approved (
    area          integer not null,
    due_id        bigint not null,
    decision_id   bigint not null,
    decision_kind text not null generated always as ('due_end') stored,
    approved_at   timestamptz not null,
    primary key (area, due_id),
    foreign key (area, due_id) references benefit_due_ended,
    foreign key (area, decision_id, decision_kind, due_id) references decision_request (area, id, kind, subject_id)
);
create trigger check_decided after insert on due_end_approved
    referencing new table as new_row for each statement execute function check_decided();

-- What an heir was granted ends with a notice that was taken back, or with one of its dues that two people ended.
alter table estate_granted_ended alter column notice_id drop not null;
alter table estate_granted_ended add column due_id bigint;
alter table estate_granted_ended add foreign key (area, due_id) references due_end_approved;
alter table estate_granted_ended add constraint estate_granted_ended_cause check (num_nonnulls(notice_id, due_id) = 1);

-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array['due_end_approved'];
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
