-- Of each transaction the last state of a business date: no close ends between it and an earlier one of that date.
select
    superseded.id,
    superseded.order_id,
    superseded.status,
    superseded.created_at
from daybook.superseded_transaction superseded
where
    superseded.created_at < (select current_setting('daybook.dump_before')::timestamp)
    and not exists (
        select
        from ods.transaction later
        where
            later.id = superseded.id
            and daybook.business_date(later.created_at, current_setting('daybook.dump_timezone'))
            = daybook.business_date(superseded.created_at, current_setting('daybook.dump_timezone'))
    )
    and not exists (
        select
        from daybook.superseded_transaction later
        where
            later.id = superseded.id
            and later.created_at > superseded.created_at
            and daybook.business_date(later.created_at, current_setting('daybook.dump_timezone'))
            = daybook.business_date(superseded.created_at, current_setting('daybook.dump_timezone'))
    )
