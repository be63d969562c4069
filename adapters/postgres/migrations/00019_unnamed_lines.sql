-- The few lines of a day that echo no id of ours are looked at before the many that do. Cost on a live table:
-- one pass over statement_line, which is locked against writing meanwhile; the index holds only those lines.

-- +goose Up

create index statement_line_unnamed on statement_line (area, fund_account, booking_date) where end_to_end_id = '';
