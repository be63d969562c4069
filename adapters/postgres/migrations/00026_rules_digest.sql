-- A computation that waits for its second person names the rules that it rests on, so that one of rules that changed since is
-- made again instead of approved. Cost on a live table: two columns without a value, which write no row anew; runs made
-- before have none and are approved as before.

-- +goose Up
alter table award_run add column rules_digest bytea check (length(rules_digest) = 32);
alter table interest_run add column rules_digest bytea check (length(rules_digest) = 32);

-- +goose Down
select 'forward only';
