select array(
    select distinct daybook.business_date(processed_timestamp, $1)
    from stage_orders
    where outcome is null
)
