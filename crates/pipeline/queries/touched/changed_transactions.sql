with

changed as (
    select
        staging.id,
        staging.order_id
    from transaction_staging as staging
    where
        staging.partition_date in (:dates)
        and not exists (
            select 1
            from "transaction" as held
            where
                held.partition_date in (:dates)
                and held.partition_date = staging.partition_date
                and held.id = staging.id
                and held.order_id = staging.order_id
                and held.status = staging.status
                and held.created_at = staging.created_at
        )
)

