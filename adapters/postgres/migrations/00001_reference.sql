-- Reference data, callers and the registry. Cost on a live table: none, all tables are new.
-- The application's role is twoline_app; it owns nothing and may not change what is written once.

-- +goose Up

-- +goose StatementBegin
do $$
begin
    if not exists (select from pg_roles where rolname = 'twoline_app') then
        create role twoline_app nologin;
    end if;
end
$$;
-- +goose StatementEnd

-- +goose StatementBegin
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'table % is append-only: % refused', tg_table_name, tg_op using errcode = 'P0001';
end
$$;
-- +goose StatementEnd

-- Every id of a fact comes from one sequence: time-ordered, unique over all kinds of fact.
create sequence fact_id as bigint start 100001 cache 1;

create table area (
    area    integer primary key check (area between 100000 and 999999),
    name    text not null
);

-- Rules by area and effective date; area 0 holds the national rows. A missing rule is an error, never a default.
create table area_rule (
    area           integer not null,
    rule           text not null,
    effective_from date not null,
    value          jsonb not null,
    document       text not null,
    primary key (area, rule, effective_from)
);

create table working_day (
    day      date primary key,
    working  boolean not null,
    name     text not null
);

create table region (
    region bigint primary key check (region between 100000000000 and 999999999999),
    area   integer not null references area,
    name   text not null,
    check (region / 1000000 = area)
);

create table chart_account (
    area           integer not null,
    scheme         text not null check (scheme in ('', 'resident', 'rural', 'urban', 'land_lost')),
    role           text not null,
    effective_from date not null,
    code           text not null,
    name_zh        text not null,
    name_en        text not null,
    normal         text not null check (normal in ('debit', 'credit')),
    primary key (area, scheme, role, effective_from)
);

-- A partner bank as one area knows it. The code is also the caller's id on the API.
create table bank (
    area        integer not null references area,
    bank        text not null check (bank ~ '^[a-z][a-z0-9-]{1,31}$'),
    bank_no     text not null check (bank_no ~ '^[0-9]{12}$'),
    name        text not null,
    -- What the bank takes: json (by API), jsonl, or the name of a profile of its files.
    format      text not null check (format ~ '^[a-z][a-z0-9.-]{1,39}$'),
    row_limit   integer not null check (row_limit between 1 and 150000),
    -- Empty is the first charset of the profile.
    charset     text not null default '' check (charset in ('', 'gb18030', 'gbk', 'utf-8', 'latin-1')),
    primary key (area, bank)
);

create table bank_key (
    key_id      text primary key check (length(key_id) between 1 and 64),
    bank        text not null,
    algorithm   text not null check (algorithm in ('ed25519', 'hmac-sha256')),
    -- A public key, or the shared secret of an hmac key.
    material    bytea not null,
    not_before  timestamptz not null,
    revoked_at  timestamptz
);

create table used_nonce (
    key_id     text not null,
    nonce      text not null,
    expires_at timestamptz not null,
    primary key (key_id, nonce)
);
create index used_nonce_expiry on used_nonce (expires_at);

create table fund_account (
    area       integer not null,
    id         bigint not null default nextval('fact_id'),
    scheme     text not null check (scheme in ('resident', 'rural', 'urban', 'land_lost')),
    role       text not null check (role in ('income', 'fiscal_special', 'fixed_deposit', 'expenditure', 'treasury')),
    bank       text not null,
    account_no text not null,
    name       text not null,
    settlement text not null default 'net' check (settlement in ('net', 'gross', 'itemised')),
    opened_on  date not null,
    primary key (area, id),
    foreign key (area, bank) references bank,
    -- One account of each kind per bank at most.
    unique (area, scheme, role, bank),
    unique (area, bank, account_no, role)
);

-- The book of one area and scheme. sealed_through moves only forward, by the sealer.
create table book (
    area           integer not null references area,
    scheme         text not null check (scheme in ('resident', 'rural', 'urban', 'land_lost')),
    opened_on      date not null,
    sealed_through date not null,
    primary key (area, scheme)
);

create table member (
    area      integer not null references area,
    id        bigint not null default nextval('fact_id'),
    id_number text not null check (id_number ~ '^[0-9]{17}[0-9X]$'),
    social_no text not null check (social_no ~ '^[0-9A-Z-]{4,32}$'),
    name      text not null check (length(name) between 1 and 60),
    region    bigint not null references region,
    scheme    text not null check (scheme in ('resident', 'rural', 'urban', 'land_lost')),
    joined_on date not null,
    primary key (area, id),
    unique (area, id_number),
    unique (area, social_no)
);

create table instrument (
    area       integer not null,
    id         bigint not null default nextval('fact_id'),
    member_id  bigint not null,
    bank       text not null,
    kind       text not null check (kind in ('card', 'passbook')),
    account_no text not null,
    -- The clearing bank of the account, where it is not the partner bank itself.
    bank_no    text check (bank_no ~ '^[0-9]{12}$'),
    activated  boolean not null,
    for_payout boolean not null,
    opened_on  date not null,
    ended_on   date,
    primary key (area, id),
    foreign key (area, member_id) references member,
    foreign key (area, bank) references bank
);
create unique index instrument_payout on instrument (area, member_id) where for_payout and ended_on is null;
create unique index instrument_number on instrument (area, bank, account_no, member_id) where ended_on is null;
create index instrument_member on instrument (area, member_id) where ended_on is null;

create table mandate (
    area          integer not null,
    id            bigint not null default nextval('fact_id'),
    member_id     bigint not null,
    instrument_id bigint not null,
    bank          text not null,
    number        text not null check (length(number) between 1 and 60),
    signed_on     date not null,
    ended_on      date,
    primary key (area, id),
    foreign key (area, member_id) references member,
    foreign key (area, instrument_id) references instrument
);
-- The bank's number stays when the account behind it is replaced, so it is unique among the mandates that hold.
create unique index mandate_number on mandate (area, bank, number) where ended_on is null;
create index mandate_numbers on mandate (area, bank, number, id);
create unique index mandate_active on mandate (area, member_id) where ended_on is null;
create index mandate_bank on mandate (area, bank) where ended_on is null;

-- The yearly amount that a member chose; the most that may ever be collected for the year.
create table tier_choice (
    area      integer not null,
    member_id bigint not null,
    year      smallint not null check (year between 2009 and 2100),
    amount    bigint not null check (amount > 0),
    chosen_on date not null,
    primary key (area, year, member_id),
    foreign key (area, member_id) references member
);

-- Officers: a person may have several logins, and is one person for every approval.
create table person (
    id   bigint primary key default nextval('fact_id'),
    name text not null
);

create table organisation (
    id     bigint primary key default nextval('fact_id'),
    area   integer not null,
    kind   text not null check (kind in
        ('agency_business', 'agency_finance', 'finance_bureau', 'township', 'village', 'auditor', 'system')),
    region bigint,
    name   text not null,
    unique (area, kind, name)
);

create table officer (
    login           text primary key check (login ~ '^[a-z0-9][a-z0-9._-]{1,63}$'),
    person_id       bigint not null references person,
    organisation_id bigint not null references organisation,
    password_hash   text not null,
    failures        integer not null default 0,
    locked_until    timestamptz,
    disabled_at     timestamptz,
    created_at      timestamptz not null,
    -- What an approval points at, so that a login cannot be written down as another person's.
    unique (login, person_id)
);

create table duty_grant (
    login      text not null references officer,
    duty       text not null check (duty in
        ('maker', 'checker', 'releaser', 'viewer', 'system_admin', 'security_admin')),
    granted_at timestamptz not null,
    revoked_at timestamptz,
    primary key (login, duty, granted_at)
);

create table session (
    token_hash bytea primary key,
    login      text not null references officer,
    created_at timestamptz not null,
    last_seen  timestamptz not null,
    expires_at timestamptz not null,
    ended_at   timestamptz
);

-- Idempotency: the answer of a request that had an effect, written in the transaction of the effect.
-- Kept for at least 400 days; rows are removed by the owner's role only.
create table idempotency (
    caller       text not null,
    route        text not null,
    key          text not null check (length(key) between 8 and 64),
    fingerprint  bytea not null check (length(fingerprint) = 32),
    status       smallint not null check (status between 200 and 299),
    content_type text not null,
    body         bytea not null,
    created_at   timestamptz not null,
    primary key (caller, route, key)
);

create table audit (
    id         bigint primary key default nextval('fact_id'),
    area       integer not null,
    at         timestamptz not null,
    actor      text not null,
    person_id  bigint,
    action     text not null,
    object     text not null,
    result     text not null,
    request_id text not null,
    detail     jsonb not null default '{}'
);

-- +goose Down
select 'forward only';
