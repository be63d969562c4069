-- A land-lost farmer draws the allowance beside a pension: one person, two memberships, of two funds. Cost on a live
-- table: three indexes of member are built, some seconds for a million; writes of members wait for it.

-- +goose Up

alter table member drop constraint member_area_id_number_key;
alter table member drop constraint member_area_social_no_key;
create unique index member_of_person on member (area, id_number, (scheme = 'land_lost'));
create unique index member_of_social_no on member (area, social_no, (scheme = 'land_lost'));
create index member_land_lost on member (area, id_number) where scheme = 'land_lost';

-- +goose Down
select 'forward only';
