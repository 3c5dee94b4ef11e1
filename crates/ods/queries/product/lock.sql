select count(*) from (
    select from ods.product
    where product.id in (select id from stage_product where outcome is null)
    order by product.id
    for update
) locked
