-- Stands in for Amazon's extensions aws_commons and aws_s3: their documented signatures, on top of curl and the S3
-- server at {endpoint}.
create schema aws_commons;
create schema aws_s3;

create type aws_commons._s3_uri_1 as (bucket text, file_path text, region text);

create function aws_commons.create_s3_uri(s3_bucket text, s3_key text, aws_region text)
returns aws_commons._s3_uri_1
language sql
as $$ select row(s3_bucket, s3_key, aws_region)::aws_commons._s3_uri_1 $$;

-- The imports whose transactions were committed.
create table aws_s3.kept (bucket text, file_path text, region text);

create function aws_s3.in_shell(word text)
returns text
language sql
as $$ select '''' || replace(word, '''', '''\''''') || '''' $$;

create function aws_s3.table_import_from_s3(
    table_name text,
    column_list text,
    options text,
    s3_info aws_commons._s3_uri_1
)
returns text
language plpgsql
as $$
declare
    url text := format('{endpoint}/%s/%s', s3_info.bucket, s3_info.file_path);
    command text := format(
        'curl --silent --show-error --fail --globoff --noproxy %s --header %s %s',
        aws_s3.in_shell('*'),
        aws_s3.in_shell('Authorization: {authorization}'),
        aws_s3.in_shell(url)
    );
    imported bigint;
begin
    execute format('copy %s (%s) from program %L with %s', table_name, column_list, command, options);
    get diagnostics imported = row_count;
    insert into aws_s3.kept select s3_info.*;
    return format('%s rows imported into relation "%s" from file %s', imported, table_name, s3_info.file_path);
end
$$;
