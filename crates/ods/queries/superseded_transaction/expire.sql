-- States that the warehouse holds, or a later one of the same business date, which $1, a time zone, tells.
delete from daybook.superseded_transaction superseded
using held_transaction held
where superseded.id = held.id
    and daybook.business_date(superseded.created_at, $1) = daybook.business_date(held.created_at, $1)
    and (
        superseded.created_at < held.created_at
        or (
            superseded.created_at = held.created_at
            and superseded.status = held.status
            and superseded.order_id = held.order_id
        )
    )
