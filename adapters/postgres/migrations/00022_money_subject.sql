-- One receipt of money is a batch's, a terminal's or a list's. Cost on a live table: none beside the two triggers, which
-- look at what is inserted. A database that was migrated while 00013 still made them has them, and keeps them.

-- +goose Up

-- +goose StatementBegin
create or replace function check_money_subject() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
    bad bigint;
begin
    select n.arrival_id into bad from new_row n
     where exists (select from arrival a where a.area = n.area and a.id = n.arrival_id
               and tg_table_name = 'contribution_list_money' and (a.batch_id is not null or a.terminal_day is not null))
        or exists (select from arrival_subject s where s.area = n.area and s.arrival_id = n.arrival_id)
           and exists (select from contribution_list_money l where l.area = n.area and l.arrival_id = n.arrival_id)
     limit 1;
    if found then
        raise exception 'the money of arrival % would be a list''s and another''s', bad
            using errcode = '23514', constraint = 'money_has_one_subject';
    end if;
    return null;
end
$$;
-- +goose StatementEnd
revoke all on function check_money_subject() from public;
create or replace trigger check_money_subject after insert on arrival_subject
    referencing new table as new_row for each statement execute function check_money_subject();
create or replace trigger check_money_subject after insert on contribution_list_money
    referencing new table as new_row for each statement execute function check_money_subject();

-- +goose Down
select 'forward only';
