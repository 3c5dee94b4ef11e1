-- What was passed over, since a later state was there or came with it.
insert into daybook.superseded_transaction (id, order_id, status, created_at)
select staged.id, staged.order_id, staged.status, staged.created_at
from stage_transaction staged
inner join ods.transaction on transaction.id = staged.id
where staged.outcome is null and staged.created_at < transaction.created_at
on conflict do nothing
