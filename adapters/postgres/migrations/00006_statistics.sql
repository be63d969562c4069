-- Statistics after a bulk of rows, asked for by the application, which owns no table. Matches are looked up by their
-- two unique keys, which no plan gets wrong: theirs can wait for autovacuum. Cost on a live table: none.

-- +goose Up
-- +goose StatementBegin
create function take_statistics() returns void language plpgsql security definer
set search_path = public, pg_temp as $$
declare
    t record;
begin
    for t in
        select relname from pg_stat_user_tables
        where schemaname = 'public' and relname <> 'reconciliation_match' and n_mod_since_analyze > 5000 + n_live_tup / 5
    loop
        execute format('analyze (skip_locked) public.%I', t.relname);
    end loop;
end
$$;
-- +goose StatementEnd
revoke all on function take_statistics() from public;
grant execute on function take_statistics() to twoline_app;

-- +goose Down
select 'forward only';
