-- Contributions that others pay for members, by lists: one receipt of money, and a line a member. What goes back.
-- Cost on a live table: the widened check reads the agreements once.

-- +goose Up

-- Who is paid for, as it was asked for. Nothing is due from it before a second person approved it, and nothing is
-- posted before its money arrived.
create table contribution_list (
    area         integer not null,
    id           bigint not null default nextval('fact_id'),
    kind         text not null check (kind in ('government', 'collective', 'sponsor', 'land_lost', 'relative', 'tax')),
    -- What its lines are credited to: the member's own contribution, or collective aid.
    part         text not null generated always as
        (case when kind in ('collective', 'sponsor') then 'collective' else 'individual' end) stored,
    scheme       text not null,
    year         smallint not null check (year between 2009 and 2100),
    fund_account bigint not null,
    payer        text not null check (length(payer) between 1 and 60),
    -- Of the tax authority: the number of the treasury's voucher.
    document     text not null check (length(document) between 1 and 200),
    line_count   integer not null check (line_count between 1 and 100000),
    amount       bigint not null check (amount > 0),
    digest       bytea not null check (length(digest) = 32),
    asked_by     text not null,
    asked_at     timestamptz not null,
    primary key (area, id),
    unique (area, id, kind, document),
    unique (area, id, year),
    foreign key (area, fund_account) references fund_account
);
create table contribution_line (
    area      integer not null,
    -- In the order of the lines: chunks of postings go by it.
    id        bigint not null default nextval('fact_id'),
    list_id   bigint not null,
    line      integer not null check (line >= 1),
    member_id bigint not null,
    year      smallint not null,
    amount    bigint not null check (amount > 0),
    -- Why the government pays for the member.
    category  text not null default '' check (category ~ '^[a-z_]{0,40}$'),
    primary key (area, id),
    unique (area, list_id, line),
    foreign key (area, list_id, year) references contribution_list (area, id, year)
);
create index contribution_line_member on contribution_line (area, member_id, year);
create index contribution_line_list on contribution_line (area, list_id, id);

-- A list that two people want: from now on its lines are in flight.
create table contribution_list_approved (
    area          integer not null,
    list_id       bigint not null,
    kind          text not null,
    document      text not null,
    decision_id   bigint not null,
    decision_kind text not null generated always as ('contribution_list') stored,
    approved_at   timestamptz not null,
    primary key (area, list_id),
    foreign key (area, list_id, kind, document) references contribution_list (area, id, kind, document),
    foreign key (area, decision_id, decision_kind, list_id) references decision_request (area, id, kind, subject_id)
);
create index contribution_list_voucher on contribution_list_approved (area, document) where kind = 'tax';
-- A treasury voucher is one list's: another may name it only when that one ended without money. Requests for one
-- voucher wait for each other by a lock of their own; here the facts are compared once more.
-- +goose StatementBegin
create function check_voucher() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('voucher ' || n.area || ' ' || n.document, 0))
       from (select distinct area, document from new_row where kind = 'tax') n;
    if exists (
        select from new_row n
          join contribution_list_approved o on o.area = n.area and o.document = n.document and o.kind = 'tax'
               and o.list_id <> n.list_id
         where n.kind = 'tax' and not exists (
               select from contribution_list_ended e where e.area = o.area and e.list_id = o.list_id)) then
        raise exception 'this treasury voucher is of another list' using errcode = '23505',
            constraint = 'contribution_list_voucher';
    end if;
    return null;
end
$$;
-- +goose StatementEnd
revoke all on function check_voucher() from public;
create trigger check_voucher after insert on contribution_list_approved
    referencing new table as new_row for each statement execute function check_voucher();
create trigger check_decided after insert on contribution_list_approved
    referencing new table as new_row for each statement execute function check_decided();

-- A list whose money does not come, or not as the list says: its lines are no longer in flight. Not after an agreement.
create table contribution_list_ended (
    area     integer not null,
    list_id  bigint not null,
    reason   text not null check (length(reason) between 1 and 200),
    ended_by text not null,
    ended_at timestamptz not null,
    primary key (area, list_id),
    foreign key (area, list_id) references contribution_list_approved
);

-- Which list arrived money is for, by an officer's word. The last naming counts, and money is known to its list from
-- that naming's id on.
create table contribution_list_money (
    area       integer not null,
    arrival_id bigint not null,
    id         bigint not null default nextval('fact_id'),
    list_id    bigint not null,
    named_by   text not null,
    reason     text not null check (length(reason) between 1 and 200),
    named_at   timestamptz not null,
    primary key (area, arrival_id, id),
    foreign key (area, arrival_id) references arrival,
    foreign key (area, list_id) references contribution_list_approved
);
create index contribution_list_money_list on contribution_list_money (area, list_id);

-- What is posted of a list rests on the same proof as a batch's and a terminal's: money equals what it is for.
alter table agreement drop constraint agreement_subject_check;
alter table agreement add constraint agreement_subject_check check (subject in ('batch', 'terminal_day', 'list'));

-- Contributions in the book that are to be given back: taken by mistake, debited under a mandate that had ended, or paid
-- in the employee scheme as well.
create table contribution_claim (
    area         integer not null,
    id           bigint not null default nextval('fact_id'),
    -- The item, receipt or line that was posted, and to what.
    cause_id     bigint not null,
    part         text not null check (part in ('individual', 'collective')),
    member_id    bigint not null,
    year         smallint not null,
    amount       bigint not null check (amount > 0),
    reason       text not null check (reason in ('wrong_contribution', 'employee_scheme', 'mandate_withdrawn')),
    document     text not null check (length(document) between 1 and 200),
    asked_by     text not null,
    asked_at     timestamptz not null,
    primary key (area, id),
    unique (area, cause_id),
    foreign key (area, member_id) references member
);
-- What was given back, by which way: a refund task's money from suspense, or a claim's contribution in red.
create table refund_paid (
    area          integer not null,
    -- The refund task or the claim.
    refund_id     bigint not null,
    way           text not null check (way in ('original_channel', 'tax_authority')),
    fund_account  bigint,
    amount        bigint not null check (amount > 0),
    decision_id   bigint not null,
    decision_kind text not null generated always as ('refund') stored,
    paid_at       timestamptz not null,
    primary key (area, refund_id),
    foreign key (area, fund_account) references fund_account,
    foreign key (area, decision_id, decision_kind, refund_id) references decision_request (area, id, kind, subject_id),
    check ((way = 'original_channel') = (fund_account is not null))
);
create trigger check_decided after insert on refund_paid
    referencing new table as new_row for each statement execute function check_decided();

-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array['contribution_list', 'contribution_line', 'contribution_list_approved',
        'contribution_list_ended', 'contribution_list_money', 'contribution_claim', 'refund_paid'];
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
