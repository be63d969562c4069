-- What comes back of base pensions that were drawn beside another pension, and of months that a due or a difference
-- paid. Cost on a live table: recovery_line, which holds only what is recovered, gets a new key in one pass.

-- +goose Up

alter table recovery_case drop constraint recovery_case_reason_check;
alter table recovery_case add constraint recovery_case_reason_check check (reason in ('death', 'other_pension'));

-- A payment of a due is of several months: each of them is recovered once.
alter table recovery_line drop constraint recovery_line_pkey;
alter table recovery_line add constraint recovery_line_month primary key (area, item_id, month);

-- +goose Down
select 'forward only';
