select id, name, scopes, created_at, revoked_at
from daybook.token
order by revoked_at is not null, name, id
