-- Edges of collection: what is given back names the account that it came to and leaves it, whoever collects today.
-- Cost on a live table: the new checks read the refunds that were paid once.

-- +goose Up

-- What the tax authority gave back was once kept without an account and without an entry. Such a row stands, and
-- verification names it: what is paid has an account and an entry.
alter table refund_paid drop constraint refund_paid_way_check;
alter table refund_paid drop constraint refund_paid_check;
alter table refund_paid add constraint refund_paid_way
    check (way in ('original_channel', 'tax_authority', 'finance_bureau'));
alter table refund_paid add constraint refund_paid_names_its_account check (way = 'tax_authority' or fund_account is not null);

-- +goose Down
select 'forward only';
