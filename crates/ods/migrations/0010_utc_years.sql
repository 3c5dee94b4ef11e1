-- A time's year has four digits also in UTC: the first and last hours of what can be written with an offset are no times,
-- because what is stored must be read again.

create or replace function daybook.is_timestamp(value text) returns boolean
language plpgsql stable
as $$
declare
    part constant text[] := regexp_match(
        value,
        '^([0-9]{4})-([0-9]{2})-([0-9]{2})[ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?'
        '((?:Z|[+-](?:0[0-9]|1[0-5])(?::?[0-5][0-9])?)?)$'
    );
    month int;
begin
    if part is null or part[1] = '0000' or part[2] not between '01' and '12' or part[3] = '00' then
        return false;
    end if;
    month := part[2]::int;
    if part[3]::int > extract(day from make_date(part[1]::int, month, 1) + interval '1 month - 1 day') then
        return false;
    end if;
    return part[5] = ''
        or value::timestamptz at time zone 'UTC'
            between timestamp '0001-01-01' and timestamp '9999-12-31 23:59:59.999999';
end
$$;
