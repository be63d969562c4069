-- What was paid by hand instead of a payment that failed, or that came back in red, is the benefit itself.
-- Cost on a live table: none, the new column of hand_payment writes nothing.

-- +goose Up

-- Whether the payment by hand is booked as the benefit, because nothing of the claim's money was spent so far or waits in
-- suspense; else it is booked against suspense, where that money is or comes back to. All of before are of that kind.
alter table hand_payment add column spends boolean not null default false;

-- +goose Down
select 'forward only';
