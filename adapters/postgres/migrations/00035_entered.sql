-- What was decided after a day is read by that day: every day looks for pensions that came after their run.
-- Cost on a live table: the index reads entitlement once and holds back its writers meanwhile, some seconds for ten
-- million rows; each new row costs one more entry.

-- +goose Up

create index entitlement_entered on entitlement (area, entered_at);

-- +goose Down

select 'forward only';
