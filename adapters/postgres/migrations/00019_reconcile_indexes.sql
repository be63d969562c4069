-- The few lines of a day that echo no id of ours are looked at before the many that do, and the matches of several lines
-- are listed beside the pairs, which stand under the ids of their lines. Cost on a live table: one pass over
-- statement_line and reconciliation_match, which are locked against writing meanwhile; both indexes hold few rows.

-- +goose Up

create index statement_line_unnamed on statement_line (area, fund_account, booking_date) where end_to_end_id = '';
create index reconciliation_match_group on reconciliation_match (area, fund_account, match_id) where score is not null;

-- +goose Down
select 'forward only';
