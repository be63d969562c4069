-- What dues had of a month is asked for with every run of it. Cost on a live table: the build
-- reads benefit_due_month once, seconds for a county, and inserts of dues wait for it.

-- +goose Up

create index benefit_due_month_month on benefit_due_month (area, month);

-- +goose Down
select 'forward only';
