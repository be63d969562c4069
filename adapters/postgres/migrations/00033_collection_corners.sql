-- Corners of collection: the road that a refund takes after its sweep, or to a member who is named later, and lines of
-- tax lists that name nobody.
-- Cost on a live table: refund_paid and contribution_line are read once to check them; the new columns have constant
-- defaults, which write nothing; the other table is new.

-- +goose Up

-- Which account gives a refund back, by an officer's word, or whose the money is: an expenditure account, a member, or
-- neither for the way that it came by.
-- The last row of a refund holds, and a request that waits for its checker lets no other follow.
create table refund_road (
    area         integer not null,
    -- The refund task or the claim.
    refund_id    bigint not null,
    number       integer not null check (number >= 1),
    fund_account bigint,
    member_id    bigint,
    document     text not null check (length(document) between 1 and 200),
    asked_by     text not null,
    asked_at     timestamptz not null,
    primary key (area, refund_id, number),
    -- A road is chosen by a request.
    unique (area, refund_id, asked_at),
    foreign key (area, fund_account) references fund_account,
    foreign key (area, member_id) references member,
    check (fund_account is null or member_id is null)
);

alter table refund_paid drop constraint refund_paid_way;
alter table refund_paid add constraint refund_paid_way
    check (way in ('original_channel', 'tax_authority', 'finance_bureau', 'expenditure_account', 'credited'));

-- A tax list whose maker lets unknown lines wait in suspense, and the number that such a line gives.
alter table contribution_list add column suspends boolean not null default false;
alter table contribution_line add column stranger text not null default '' check (length(stranger) <= 40);
alter table contribution_line add constraint contribution_line_names_one check ((member_id = 0) = (stranger <> ''));


-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array['refund_road'];
begin
    foreach t in array facts loop
        execute format('create trigger append_only before update or delete or truncate on %I
            for each statement execute function refuse_change()', t);
        execute format('revoke all on %I from public', t);
        execute format('grant select, insert on %I to twoline_app', t);
    end loop;
end
$$;
-- +goose StatementEnd

-- +goose Down
select 'forward only';
