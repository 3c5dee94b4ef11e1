-- A row older than its variant's own deletion belongs to the history alone, which needs no product.
update stage_variant staged
set outcome = 'parked'
where staged.outcome is null
    and not exists (select from ods.product where product.id = staged.product_id)
    and not exists (
        select from (
            select version.operation, version.valid_from
            from daybook.variant_version version
            where version.id = staged.id
            order by version.valid_from desc, version.sequence desc
            limit 1
        ) latest
        where latest.operation = 'delete' and latest.valid_from > staged.updated_at
    )
