-- Corners of collection: the road that a refund takes after its sweep.
-- Cost on a live table: refund_paid is read once to check its ways; the other table is new.

-- +goose Up

-- Which account gives a refund back, by an officer's word: an expenditure account, or none for the way that it came by.
-- The last row of a refund holds, and a request that waits for its checker lets no other follow.
create table refund_road (
    area         integer not null,
    -- The refund task or the claim.
    refund_id    bigint not null,
    number       integer not null check (number >= 1),
    fund_account bigint,
    document     text not null check (length(document) between 1 and 200),
    asked_by     text not null,
    asked_at     timestamptz not null,
    primary key (area, refund_id, number),
    -- A road is chosen by a request.
    unique (area, refund_id, asked_at),
    foreign key (area, fund_account) references fund_account
);

alter table refund_paid drop constraint refund_paid_way;
alter table refund_paid add constraint refund_paid_way
    check (way in ('original_channel', 'tax_authority', 'finance_bureau', 'expenditure_account'));

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
