-- States that the warehouse holds, or a later one of the same business date, which $3, a time zone, tells.
delete from daybook.superseded_transaction superseded
using held_transaction held
where held.ordinal > $1
    and held.ordinal <= $2
    and superseded.id = held.id
    and daybook.business_date(superseded.created_at, $3) = daybook.business_date(held.created_at, $3)
    and (
        superseded.created_at < held.created_at
        or (
            superseded.created_at = held.created_at
            and superseded.status = held.status
            and superseded.order_id = held.order_id
        )
    )
