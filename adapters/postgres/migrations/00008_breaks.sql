-- The work on breaks: who owns one and until when, what was noted and attached, how it is to end, the letters to the
-- bank. Cost on a live table: two indexes on break_line; all tables are new.

-- +goose Up

create index break_line_statement on break_line (area, statement_line_id) where statement_line_id is not null;
create index break_line_book on break_line (area, entry_id, book_line) where entry_id is not null;

-- A break as it was met: which of the eight classes it is by what the database knew then, and until when it must end.
create table break_desk (
    area         integer not null,
    break_id     bigint not null,
    fund_account bigint not null,
    class        smallint not null check (class between 0 and 7),
    -- What tells a class that the lines alone do not; empty where they do.
    evidence     text not null,
    due_on       date not null,
    opened_on    date not null,
    opened_at    timestamptz not null,
    primary key (area, break_id),
    foreign key (area, break_id) references reconciliation_break
);
-- The break that named a line before: its owner, date, notes and papers go on.
create table break_continues (
    area        integer not null,
    break_id    bigint not null,
    predecessor bigint not null,
    primary key (area, break_id, predecessor),
    foreign key (area, break_id) references break_desk,
    foreign key (area, predecessor) references break_desk,
    check (predecessor < break_id)
);

-- The last row of a break counts.
create table break_owner (
    area         integer not null,
    id           bigint not null default nextval('fact_id'),
    break_id     bigint not null,
    owner        text not null,
    owner_person bigint not null,
    set_by       text not null,
    set_at       timestamptz not null,
    primary key (area, id),
    foreign key (area, break_id) references break_desk,
    foreign key (owner, owner_person) references officer (login, person_id)
);
create index break_owner_break on break_owner (area, break_id, id);
create table break_due (
    area     integer not null,
    id       bigint not null default nextval('fact_id'),
    break_id bigint not null,
    due_on   date not null,
    reason   text not null check (length(reason) between 1 and 200),
    set_by   text not null,
    set_on   date not null,
    set_at   timestamptz not null,
    primary key (area, id),
    foreign key (area, break_id) references break_desk,
    check (due_on <= set_on + 90)
);
create index break_due_break on break_due (area, break_id, id);

create table break_note (
    area     integer not null,
    id       bigint not null default nextval('fact_id'),
    break_id bigint not null,
    text     text not null check (length(text) between 1 and 2000),
    noted_by text not null,
    noted_at timestamptz not null,
    primary key (area, id),
    foreign key (area, break_id) references break_desk
);
create index break_note_break on break_note (area, break_id, id);
create table break_attachment (
    area        integer not null,
    id          bigint not null default nextval('fact_id'),
    break_id    bigint not null,
    name        text not null check (length(name) between 1 and 120 and name !~ '[/\\[:cntrl:]]'
                    and name not in ('.', '..')),
    media_type  text not null check (media_type in ('application/pdf', 'image/png', 'image/jpeg', 'text/plain',
                    'text/csv', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet')),
    size        integer not null check (size between 1 and 4194304),
    digest      bytea not null check (length(digest) = 32),
    attached_by text not null,
    attached_at timestamptz not null,
    primary key (area, id),
    foreign key (area, break_id) references break_desk
);
create index break_attachment_break on break_attachment (area, break_id, id);
create table break_attachment_part (
    area          integer not null,
    attachment_id bigint not null,
    part          integer not null check (part >= 0),
    bytes         bytea not null check (length(bytes) between 1 and 1048576),
    primary key (area, attachment_id, part),
    foreign key (area, attachment_id) references break_attachment
);

-- A letter to the bank, numbered by bank and year without a gap. What it says is read from rows that never change.
create table break_letter (
    area         integer not null,
    id           bigint not null default nextval('fact_id'),
    break_id     bigint not null,
    fund_account bigint not null,
    bank         text not null,
    year         smallint not null,
    number       integer not null check (number >= 1),
    -- refund: money that the bank took twice or wrongly; explain: what it shows, or does not show, and we cannot tell.
    wish         text not null check (wish in ('refund', 'explain')),
    direction    text not null check (direction in ('credit', 'debit')),
    amount       bigint not null check (amount >= 0),
    answer_by    date not null,
    drawn_by     text not null,
    drawn_on     date not null,
    drawn_at     timestamptz not null,
    primary key (area, id),
    constraint letter_number unique (area, bank, year, number),
    foreign key (area, break_id) references break_desk,
    foreign key (area, bank) references bank,
    check (extract(year from drawn_on) = year and answer_by between drawn_on and drawn_on + 90)
);
create index break_letter_break on break_letter (area, break_id, id);
-- The lines that it is about, and those of the bank that show the money's first passage.
create table break_letter_line (
    area              integer not null,
    letter_id         bigint not null,
    line              integer not null check (line >= 1),
    earlier           boolean not null,
    statement_line_id bigint,
    entry_id          bigint,
    book_line         integer,
    primary key (area, letter_id, line),
    foreign key (area, letter_id) references break_letter,
    check ((statement_line_id is null) <> (entry_id is null)),
    check ((entry_id is null) = (book_line is null))
);
create index break_letter_statement on break_letter_line (area, statement_line_id) where statement_line_id is not null;

-- How a break is to end: asked for by one person, approved by another, and done as a request of the flow that owns the
-- money. void: the break ended or changed before anybody decided.
create table break_resolution (
    area         integer not null,
    id           bigint not null default nextval('fact_id'),
    break_id     bigint not null,
    proposal     text not null check (proposal in ('book', 'correct', 'reissue', 'claim', 'suspense', 'write_off', 'offset')),
    kind         text not null default '',
    other        bigint,
    purpose      text not null default '',
    item_id      bigint,
    code         text not null default '',
    -- The break whose lines are the bank's correction of this one's, or what this one's correct.
    other_break  bigint,
    answer_by    date,
    amount       bigint not null check (amount >= 0),
    document     text not null check (length(document) between 1 and 200),
    reason       text not null default '',
    digest       bytea not null check (length(digest) = 32),
    maker        text not null,
    maker_person bigint not null,
    made_at      timestamptz not null,
    state        text not null check (state in
                     ('submitted', 'checked', 'approved', 'rejected', 'withdrawn', 'void')),
    version      integer not null default 1,
    primary key (area, id),
    unique (area, id, maker_person, digest),
    foreign key (area, break_id) references break_desk,
    foreign key (area, other_break) references break_desk,
    foreign key (maker, maker_person) references officer (login, person_id),
    check ((proposal = 'offset') = (other_break is not null) and other_break is distinct from break_id)
);
create unique index resolution_open on break_resolution (area, break_id) where state in ('submitted', 'checked');
create index break_resolution_break on break_resolution (area, break_id, id);
create table break_approval (
    area          integer not null,
    resolution_id bigint not null,
    duty          text not null check (duty in ('checker', 'releaser')),
    decision      text not null check (decision in ('approved', 'rejected')),
    digest        bytea not null,
    maker_person  bigint not null,
    person_id     bigint not null references person,
    login         text not null references officer,
    reason        text not null default '',
    decided_at    timestamptz not null,
    primary key (area, resolution_id, duty),
    constraint resolution_by_another check (person_id <> maker_person),
    foreign key (login, person_id) references officer (login, person_id),
    foreign key (area, resolution_id, maker_person, digest)
        references break_resolution (area, id, maker_person, digest)
);
create unique index break_approval_person on break_approval (area, resolution_id, person_id);
-- What an approved resolution asked for by the front door of the flow that owns the money.
create table break_request (
    area          integer not null,
    resolution_id bigint not null,
    kind          text not null check (kind in ('fund_transfer', 'receipt', 'arrival', 'case', 'letter', 'entry', 'match')),
    request_id    bigint not null,
    primary key (area, resolution_id, kind, request_id),
    foreign key (area, resolution_id) references break_resolution
);
-- The bank's lines that an approved resolution books, carries to suspense, gives back or offsets. A line has one such
-- request that lives: a second one meets the key. A transfer that is rejected or withdrawn sets its line free. Rows are
-- written by the two triggers below alone.
create table break_booking (
    area              integer not null,
    statement_line_id bigint not null,
    resolution_id     bigint not null,
    kind              text not null,
    request_id        bigint not null,
    live              boolean not null default true,
    primary key (area, statement_line_id, resolution_id, kind, request_id),
    foreign key (area, resolution_id, kind, request_id) references break_request
);
create unique index break_booking_live on break_booking (area, statement_line_id) where live;
create index break_booking_request on break_booking (area, kind, request_id) where live;

-- A resolution moves by the approvals of its digest alone: one of another person's, and of a write-off two.
-- +goose StatementBegin
create function check_resolution_step() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
    checked  text;
    released text;
    legal    boolean;
begin
    if tg_op = 'INSERT' then
        if new.state <> 'submitted' or new.version <> 1 then
            raise exception 'resolution % begins as submitted', new.id
                using errcode = '23514', constraint = 'resolution_step';
        end if;
        return new;
    end if;
    select max(decision) filter (where duty = 'checker'), max(decision) filter (where duty = 'releaser')
      into checked, released
      from break_approval where area = new.area and resolution_id = new.id and digest = new.digest;
    legal := case new.state
        when 'checked' then old.state = 'submitted' and new.proposal = 'write_off' and checked = 'approved'
        when 'approved' then case new.proposal
            when 'write_off' then old.state = 'checked' and checked = 'approved' and released = 'approved'
            else old.state = 'submitted' and checked = 'approved' end
        when 'rejected' then (old.state = 'submitted' and checked = 'rejected')
            or (old.state = 'checked' and released = 'rejected')
        when 'withdrawn' then old.state in ('submitted', 'checked') and checked is distinct from 'rejected'
            and released is null
        when 'void' then old.state in ('submitted', 'checked') and exists (
            select from break_closed c where c.area = new.area and c.break_id = new.break_id)
        else false end;
    if not coalesce(legal, false) or new.version <> old.version + 1 then
        raise exception 'resolution % cannot become % from %', new.id, new.state, old.state
            using errcode = '23514', constraint = 'resolution_step';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
create trigger check_resolution_step before insert or update on break_resolution
    for each row execute function check_resolution_step();

-- Nothing is asked of a flow for a resolution that nobody approved.
-- +goose StatementBegin
create function check_break_request() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
begin
    if not exists (select from break_resolution r join break_approval a on a.area = r.area and a.resolution_id = r.id
            and a.decision = 'approved' and a.digest = r.digest
            and a.duty = case r.proposal when 'write_off' then 'releaser' else 'checker' end
        where r.area = new.area and r.id = new.resolution_id) then
        raise exception 'resolution % was approved by nobody', new.resolution_id
            using errcode = '23514', constraint = 'resolution_approved';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
create trigger check_break_request before insert on break_request
    for each row execute function check_break_request();

-- +goose StatementBegin
create function book_break_lines() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
begin
    insert into break_booking (area, statement_line_id, resolution_id, kind, request_id)
    select distinct k.area, k.statement_line_id, new.resolution_id, new.kind, new.request_id
      from break_resolution r
      join break_line k on k.area = r.area and k.break_id in (r.break_id, r.other_break)
     where r.area = new.area and r.id = new.resolution_id and k.statement_line_id is not null;
    return null;
end
$$;
create function free_break_lines() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
begin
    update break_booking set live = false
     where area = new.area and kind = 'fund_transfer' and request_id = new.id and live;
    return null;
end
$$;
-- One letter at a time asks for the money of a line: while its answer is awaited no other does.
create function check_letter_line() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
begin
    if exists (select from break_letter l
                 join break_letter_line n on n.area = l.area and n.statement_line_id = new.statement_line_id
                      and n.letter_id <> l.id and not n.earlier
                 join break_letter o on o.area = n.area and o.id = n.letter_id
                where l.area = new.area and l.id = new.letter_id and l.wish = 'refund' and o.wish = 'refund'
                  and o.answer_by >= l.drawn_on) then
        raise exception 'line % is claimed by a letter already', new.statement_line_id
            using errcode = '23514', constraint = 'letter_alive';
    end if;
    return null;
end
$$;
-- +goose StatementEnd
create trigger book_break_lines after insert on break_request
    for each row when (new.kind in ('fund_transfer', 'receipt', 'arrival', 'match')) execute function book_break_lines();
create trigger free_break_lines after update on fund_transfer
    for each row when (new.state in ('rejected', 'withdrawn')) execute function free_break_lines();
create trigger check_letter_line after insert on break_letter_line
    for each row when (not new.earlier and new.statement_line_id is not null) execute function check_letter_line();

-- +goose StatementBegin
do $$
declare
    t text;
    facts text[] := array[
        'break_desk', 'break_continues', 'break_owner', 'break_due', 'break_note', 'break_attachment',
        'break_attachment_part', 'break_letter', 'break_letter_line', 'break_approval', 'break_request'];
    states text[] := array['break_resolution', 'break_booking'];
begin
    foreach t in array facts loop
        execute format('create trigger append_only before update or delete or truncate on %I
            for each statement execute function refuse_change()', t);
    end loop;
    foreach t in array states loop
        execute format('create trigger no_removal before delete or truncate on %I
            for each statement execute function refuse_change()', t);
    end loop;
    foreach t in array facts || states loop
        execute format('revoke all on %I from public', t);
        execute format('grant select, insert on %I to twoline_app', t);
    end loop;
    execute 'revoke all on all functions in schema public from public';
    grant update (state, version) on break_resolution to twoline_app;
    revoke insert on break_booking from twoline_app;
end
$$;
-- +goose StatementEnd

-- +goose Down
select 'forward only';
