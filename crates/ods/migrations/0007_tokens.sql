-- Who may use the HTTP server, and for what. A token itself is nowhere stored, only its hash.

create table daybook.token (
    id bigint generated always as identity primary key,
    name text not null,
    hash bytea not null unique,
    scopes text[] not null check (scopes <@ array['ingest', 'catalogue', 'read', 'operate'] and scopes <> '{}'),
    created_at timestamp not null,
    revoked_at timestamp
);

comment on column daybook.token.hash is 'SHA-256 of the token, which has 256 random bits of its own';

create unique index token_name_key on daybook.token (name) where revoked_at is null;
