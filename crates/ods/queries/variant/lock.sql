-- A price changed by hand at this moment must wait until the versions and the table agree.
select count(*) from (
    select from ods.variant
    where variant.id in (select id from arriving_variant)
    order by variant.id
    for update
) locked
