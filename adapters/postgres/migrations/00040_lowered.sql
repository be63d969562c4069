-- What was paid too high because an amount was lowered later is recovered by a list of differences that two people
-- approved. Cost on a live table: due_list gets two columns with constant defaults; due_list_line, recovery_case and
-- recovery_line, which hold only differences and what is recovered, get other checks and an index built anew.

-- +goose Up

alter table due_list add column recovered integer not null default 0 check (recovered >= 0);
alter table due_list add column recovered_amount bigint not null default 0 check (recovered_amount >= 0);
alter table due_list add constraint due_list_recovered check ((recovered = 0) = (recovered_amount = 0)
    and recovered <= overpaid and recovered_amount <= overpaid_amount);
-- A line that was paid higher than it is decided is recovered; the others are owed.
alter table due_list_line drop constraint due_list_line_check;
alter table due_list_line add constraint due_list_line_differs check (entitled <> was and entitled >= 0);

alter table recovery_case drop constraint recovery_case_reason_check;
alter table recovery_case add constraint recovery_case_reason_check
    check (reason in ('death', 'other_pension', 'emigration', 'sentence', 'lowered'));
-- A month can be lowered again, and what is left of it be owed to nobody for another reason.
alter table recovery_line drop constraint recovery_line_month;
alter table recovery_line add constraint recovery_line_month primary key (area, item_id, month, case_id, found_at);

-- +goose Down
select 'forward only';
