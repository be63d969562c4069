-- What comes back of base pensions that were drawn beside another pension, and of months that a due or a difference
-- paid; contributions of the dead. Cost on a live table: recovery_line, which holds only what is recovered, gets a new
-- key in one pass; the widened checks read cases and claims once each.

-- +goose Up

alter table recovery_case drop constraint recovery_case_reason_check;
alter table recovery_case add constraint recovery_case_reason_check check (reason in ('death', 'other_pension'));

-- A payment of a due is of several months: each of them is recovered once.
alter table recovery_line drop constraint recovery_line_pkey;
alter table recovery_line add constraint recovery_line_month primary key (area, item_id, month);

-- A contribution that was taken after the member's death goes back.
alter table contribution_claim drop constraint contribution_claim_reason_check;
alter table contribution_claim add constraint contribution_claim_reason_check
    check (reason in ('wrong_contribution', 'employee_scheme', 'mandate_withdrawn', 'member_died'));

-- +goose Down
select 'forward only';
