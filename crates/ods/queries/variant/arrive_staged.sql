insert into arriving_variant (ordinal, id, product_id, price, title, created_at, updated_at, ingested_at)
select line, id, product_id, price, title, created_at, updated_at, ingested_at
from stage_variant
where outcome is null
