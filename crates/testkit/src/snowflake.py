# A stand-in for Snowflake: its documented SQL API v2 (/api/v2/statements) over fakesnow, which translates Snowflake's
# SQL to DuckDB's. What passes here is self-consistent, not proven against Snowflake.
#
# Makes a key pair, listens on a free port, prints the port and the private key, and serves until its standard input
# ends: with the process that holds the other end, however that ends. Stages are read from the S3 server at
# S3_ENDPOINT. Users and accounts may have any name; OAuth and programmatic access tokens are "test-token".
import asyncio
import base64
import datetime as dt
import decimal
import gzip
import hashlib
import json
import os
import re
import socket
import sys
import threading
import time
import uuid

import duckdb
import fakesnow.server as fake
import fsspec
import jwt
import sqlglot
import uvicorn
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fakesnow import info_schema
from sqlglot.tokens import TokenType
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

PARTITION_ROWS = 4000
# What says how a session fails, or whether it remembers answers: here it always ends, with its transaction, and never does.
SESSION_PARAMETERS = {"transaction_abort_on_error", "use_cached_result"}
# Table functions that tell of other statements; fakesnow knows none of them.
HISTORY = re.compile(r'table\("?\w+"?\.information_schema\.query_history_by_user\([^)]*\)\)', re.IGNORECASE)
OPERATORS = re.compile(r"table\(get_query_operator_stats\('([^']*)'\)\)", re.IGNORECASE)
LIST = re.compile(r'list @"(\w+)"."(\w+)"."(\w+)"/(\S+)', re.IGNORECASE)
INTEGRATION = re.compile(r'desc integration "(\w+)"', re.IGNORECASE)
# The only one, which may read everything.
INTEGRATIONS = {"DAYBOOK_S3"}
# Snowflake holds a synchronous request so long before it answers 202.
SYNCHRONOUS_SECONDS = 45
# They have no meaning outside a session, so a request of one statement may not be one of them.
SESSION_ONLY = {"BEGIN", "START", "COMMIT", "ROLLBACK", "USE", "PUT", "GET"}

# Snowflake lists views among the tables, and fakesnow does not.
RELATIONS = """(
    select database_name, schema_name, table_name, estimated_size, 'BASE TABLE' as table_type from duckdb_tables
    union all
    select database_name, schema_name, view_name, 0, 'VIEW' from duckdb_views
) as tables"""
tables = info_schema.SQL_CREATE_INFORMATION_SCHEMA_TABLES_VIEW
tables.template = tables.template.replace("'BASE TABLE'", "tables.table_type").replace("duckdb_tables tables", RELATIONS)

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = KEY.public_key()
DER = PUBLIC.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
FINGERPRINT = "SHA256:" + base64.b64encode(hashlib.sha256(DER).digest()).decode()

executions = {}  # by statement handle
submitted = {}  # by requestId
history = []  # every statement that has ended, the oldest first


class Failure(Exception):
    def __init__(self, code, state, message, status=422):
        self.status = status
        self.body = {"code": code, "sqlState": state, "message": message}


def authenticate(request):
    if not request.headers.get("user-agent"):
        raise Failure("391903", "08001", "User-Agent header missing", 400)
    kind = request.headers.get("x-snowflake-authorization-token-type")
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer":
        raise Failure("390101", "08001", "Authorization header not found in the request data.", 401)
    if kind in ("OAUTH", "PROGRAMMATIC_ACCESS_TOKEN"):
        if token != "test-token":
            raise Failure("390303", "08001", "Invalid OAuth access token.", 401)
        return
    try:
        claims = jwt.decode(token, PUBLIC, algorithms=["RS256"], options={"require": ["iss", "sub", "iat", "exp"]})
        assert kind == "KEYPAIR_JWT", kind
        assert claims["iss"] == f"{claims['sub']}.{FINGERPRINT}", claims
        assert claims["sub"] == claims["sub"].upper() and claims["exp"] - claims["iat"] < 3600, claims
    except (jwt.InvalidTokenError, AssertionError):
        raise Failure("390144", "08001", f"JWT token is invalid. [{uuid.uuid4()}]", 401) from None


class Execution:
    """The statements of one request, in a session of their own."""

    def __init__(self, body):
        self.handle = str(uuid.uuid4())
        self.body = body
        self.statements = split(body["statement"])
        self.children = [Execution.part(self) for _ in self.statements] if len(self.statements) > 1 else []
        self.answer = None  # (status, body) when it has ended
        self.table, self.row_type = None, []
        self.cancelled = threading.Event()
        self.connection = None
        check_count(body, self.statements)
        executions[self.handle] = self
        self.task = asyncio.create_task(self.run())

    @classmethod
    def part(cls, whole):
        part = cls.__new__(cls)
        part.handle, part.children, part.answer, part.task = str(uuid.uuid4()), [], None, None
        part.table, part.row_type = None, []
        executions[part.handle] = part
        return part

    async def run(self):
        timeout = self.body.get("timeout")
        worker = asyncio.ensure_future(run_in_threadpool(self.execute))
        done, _ = await asyncio.wait({worker}, timeout=timeout or None)
        if not done:
            self.cancel()
            await asyncio.wait({worker})
            if isinstance(worker.exception(), Failure):
                message = "Statement reached its statement or warehouse timeout and was canceled."
                return self.end(408, {"code": "000630", "sqlState": "57014", "message": message})
        try:
            worker.result()
        except Failure as failure:
            return self.end(failure.status, failure.body)
        except Exception as error:
            return self.end(500, {"code": "000603", "sqlState": "XX000", "message": repr(error)[:500]})
        self.end(200, self.success())

    def end(self, status, body):
        self.answer = (status, body | {"statementHandle": self.handle})

    def execute(self):
        self.connection = fake.shared_fs.connect(self.body.get("database"), self.body.get("schema"))
        try:
            for statement, part in zip(self.statements, self.children or [self]):
                started = time.monotonic()
                part.table, part.row_type, sql = self.execute_one(statement)
                remember(self, part, sql, time.monotonic() - started)
                if part is not self:
                    part.end(200, part.success())
        except duckdb.ConstraintException:
            # The only constraint that Snowflake enforces.
            raise Failure("100072", "22000", "NULL result in a non-nullable column") from None
        except fake.snowflake.connector.errors.Error as error:
            raise Failure(f"{error.errno:06d}", error.sqlstate, error.raw_msg) from None
        except Exception:
            if self.cancelled.is_set():
                raise canceled() from None
            raise
        finally:
            # The session ends, and with it what it has not committed.
            try:
                self.connection.rollback()
            except Exception:
                pass
            self.connection.close()

    def execute_one(self, statement):
        if self.cancelled.is_set():
            raise canceled()
        words = statement.lower().replace("(", " ").replace(")", " ").split()
        if words[:2] == ["call", "system$wait"]:
            if self.cancelled.wait(float(words[2])):
                raise canceled()
            statement = f"select 'waited {words[2]} seconds' as \"SYSTEM$WAIT\""
        if found := INTEGRATION.fullmatch(statement):
            statement = described(found[1])
        if found := LIST.fullmatch(statement):
            statement = self.listed(*found.groups())
        if words[:3] == ["alter", "session", "set"] and words[3] in SESSION_PARAMETERS:
            statement = "select 'Statement executed successfully.' as \"status\""
        bindings = self.body.get("bindings") or {}
        values = tuple(bound(bindings[str(number + 1)]) for number in range(len(bindings)))
        cursor = self.connection.cursor()
        # A statement waits for another transaction's lock.
        while True:
            try:
                return self.execute_by(cursor, statement, values)
            except duckdb.TransactionException:
                if self.children or self.cancelled.wait(0.01):
                    raise

    def execute_by(self, cursor, statement, values):
        cursor.execute(self.with_statistics(statement), binding_params=values or None, server=True)
        return cursor._arrow_table, fake.describe_as_rowtype(cursor._describe_last_sql()), cursor._last_sql

    def with_statistics(self, statement):
        """The statement with rows in the place of the table functions that tell of others."""
        statement = HISTORY.sub(lambda _: rows_of_history(self.body.get("database")), statement)
        return OPERATORS.sub(lambda found: self.rows_of_operators(found[1]), statement)

    def listed(self, database, schema, stage, path):
        """The objects of an external stage, of which fakesnow lists none."""
        names = {"database_name": database, "schema_name": schema, "name": stage}
        where = " and ".join(f"{column} = '{name}'" for column, name in names.items())
        stages = "_fs_global._fs_information_schema._fs_stages"
        engine = self.connection._duck_conn
        [(url,)] = engine.execute(f"select url from {stages} where {where}").fetchall()
        files = engine.execute(f"select file from glob('{url}{path}*')").fetchall()
        if not files:
            return "select 'nothing' as \"name\" where false"
        return "select * from " + values(["name", "size"], [(name, 0) for (name,) in files])

    def rows_of_operators(self, query_id):
        """The tables that the engine's plan scans: each of one micro-partition, which is read."""
        sql = next(ended["sql"] for ended in history if ended["query_id"] == query_id)
        [(_, plan)] = self.connection._duck_conn.execute("explain (format json) " + sql).fetchall()
        tables = scanned(json.loads(plan))
        statistics = {"io": {"bytes_scanned": 1024}, "pruning": {"partitions_scanned": 1, "partitions_total": 1}}
        rows = [("TableScan", json.dumps({"table_name": table}), json.dumps(statistics)) for table in tables]
        return values(["operator_type", "operator_attributes", "operator_statistics"], rows or [("Result", "{}", "{}")])

    def cancel(self):
        self.cancelled.set()
        if self.connection:
            self.connection._duck_conn.interrupt()

    def success(self, partition=0):
        if self.children:
            columns = [{"name": "multiple statement execution", "type": "text"}]
            data, partitions = [["Multiple statements executed successfully."]], [{"rowCount": 1}]
        else:
            columns, count = self.row_type, self.table.num_rows
            data = rows(self.table.slice(partition * PARTITION_ROWS, PARTITION_ROWS))
            starts = range(0, max(count, 1), PARTITION_ROWS)
            partitions = [{"rowCount": min(PARTITION_ROWS, count - start)} for start in starts]
        if partition:
            return {"data": data}
        answer = {
            "code": "090001",
            "sqlState": "00000",
            "message": "Statement executed successfully.",
            "statementHandle": self.handle,
            "resultSetMetaData": {
                "numRows": sum(part["rowCount"] for part in partitions),
                "format": "jsonv2",
                "rowType": columns,
                "partitionInfo": partitions,
            },
            "data": data,
        }
        if self.children:
            answer["statementHandles"] = [part.handle for part in self.children]
        return answer

    def response(self):
        if self.answer is None:
            message = "Asynchronous execution in progress. Use provided query id to perform query monitoring."
            url = f"/api/v2/statements/{self.handle}"
            body = {"code": "333334", "message": message, "statementHandle": self.handle, "statementStatusUrl": url}
            return JSONResponse(body, 202)
        status, body = self.answer
        return JSONResponse(body, status)


def remember(whole, part, sql, seconds):
    tag = whole.body.get("parameters", {}).get("QUERY_TAG", "")
    ended = {"query_id": part.handle, "query_tag": tag, "query_type": "UNKNOWN", "execution_time": int(seconds * 1000)}
    history.append(ended | {"bytes_scanned": 0, "database": whole.body.get("database"), "sql": sql})


def rows_of_history(database):
    columns = ["query_id", "query_tag", "query_type", "execution_time", "bytes_scanned"]
    ended = [[row[column] for column in columns] for row in history if row["database"] == database]
    return values(columns, ended or [["", "", "", 0, 0]])


def described(integration):
    if integration not in INTEGRATIONS:
        raise Failure("002003", "02000", f"Integration '{integration}' does not exist or not authorized.")
    rows = [
        ["ENABLED", "Boolean", "true", "false"],
        ["STORAGE_ALLOWED_LOCATIONS", "List", "*", "[]"],
        ["STORAGE_AWS_IAM_USER_ARN", "String", "arn:aws:iam::123456789012:user/snowflake", ""],
        ["STORAGE_AWS_EXTERNAL_ID", "String", "SHOP_SFCRole=2_abc", ""],
    ]
    return "select * from " + values(["property", "property_type", "property_value", "property_default"], rows)


def scanned(plan):
    for node in plan:
        if table := (node.get("extra_info") or {}).get("Table"):
            yield table
        yield from scanned(node.get("children") or [])


def values(columns, rows):
    def literal(value):
        return str(value) if isinstance(value, int) else "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"

    rows = ", ".join("(" + ", ".join(map(literal, row)) + ")" for row in rows)
    return f"(select * from (values {rows}) as rows_of_it ({', '.join(columns)}))"


def canceled():
    return Failure("000604", "57014", "SQL execution canceled")


def split(text):
    """Statements, by the semicolons that are in no string or comment."""
    statements, begin = [], 0
    for token in sqlglot.tokenize(text, dialect="snowflake"):
        if token.token_type == TokenType.SEMICOLON:
            statements.append(text[begin : token.start].strip())
            begin = token.end + 1
    statements.append(text[begin:].strip())
    return statements


def check_count(body, statements):
    wanted = int(body.get("parameters", {}).get("MULTI_STATEMENT_COUNT", "1"))
    if wanted not in (0, len(statements)):
        message = f"Actual statement count {len(statements)} did not match the desired statement count {wanted}."
        raise Failure("000008", "0A000", message)
    if len(statements) == 1 and statements[0].split()[0].upper() in SESSION_ONLY:
        raise Failure("391911", "0A000", "Unsupported statement type.")
    if len(statements) > 1 and body.get("bindings"):
        raise Failure("391912", "0A000", "Bindings are not supported in a request of several statements.")


def bound(binding):
    if binding["value"] is None:
        return None
    if binding["type"] == "REAL":
        return float(binding["value"])
    # fakesnow's own is off by floating-point errors.
    if binding["type"] == "TIMESTAMP_NTZ":
        return dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=int(binding["value"]) // 1000)
    return fake.from_binding(binding)


def cell(value):
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        utc = value if value.tzinfo is None else value.astimezone(dt.timezone.utc).replace(tzinfo=None)
        text = seconds((utc - dt.datetime(1970, 1, 1)) // dt.timedelta(microseconds=1))
        return text if value.tzinfo is None else text + " 1440"
    if isinstance(value, dt.date):
        return str((value - dt.date(1970, 1, 1)).days)
    if isinstance(value, dt.time):
        return seconds(((value.hour * 60 + value.minute) * 60 + value.second) * 10**6 + value.microsecond)
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    return str(value)


def seconds(microseconds):
    whole, rest = divmod(abs(microseconds), 10**6)
    return f"{'-' if microseconds < 0 else ''}{whole}.{rest:06d}000"


def rows(table):
    columns = [[cell(value) for value in column.to_pylist()] for column in table.columns]
    return [list(row) for row in zip(*columns)]


def known(request):
    execution = executions.get(request.path_params["handle"])
    if execution is None:
        raise Failure("391913", "02000", "Statement handle is not found.", 404)
    return execution


async def submit(request):
    # First: to answer without having read it all would reset the connection, and lose the answer.
    body = await request.json()
    authenticate(request)
    request_id = request.query_params.get("requestId")
    if request_id in submitted and request.query_params.get("retry") == "true":
        return submitted[request_id].response()
    execution = Execution(body)
    submitted[request_id] = execution
    if request.query_params.get("async") != "true":
        await asyncio.wait({execution.task}, timeout=SYNCHRONOUS_SECONDS)
    return execution.response()


async def status(request):
    authenticate(request)
    execution = known(request)
    partition = int(request.query_params.get("partition", "0"))
    if not partition:
        return execution.response()
    body = gzip.compress(json.dumps(execution.success(partition)).encode())
    return Response(body, media_type="application/json", headers={"content-encoding": "gzip"})


async def cancel(request):
    authenticate(request)
    execution = known(request)
    if execution.answer is not None:
        raise Failure("000605", "57014", "Identified SQL statement is not currently executing.")
    execution.cancel()
    return JSONResponse(canceled().body | {"statementHandle": execution.handle})


def refuse(_, failure):
    return JSONResponse(failure.body, failure.status)


def serve():
    if endpoint := os.environ.get("S3_ENDPOINT"):
        s3 = fsspec.filesystem(
            "s3",
            key="test",
            secret="test",
            endpoint_url=endpoint,
            client_kwargs={"region_name": "us-east-1"},
            use_listings_cache=False,
            skip_instance_cache=True,
        )
        fake.shared_fs.duck_conn.register_filesystem(s3)
    paths = "/api/v2/statements"
    routes = [
        Route(paths, submit, methods=["POST"]),
        Route(paths + "/{handle}", status, methods=["GET"]),
        Route(paths + "/{handle}/cancel", cancel, methods=["POST"]),
    ]
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    print(listener.getsockname()[1])
    print(KEY.private_bytes(*pem).decode(), flush=True)
    threading.Thread(target=end_with_input, daemon=True).start()
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes, exception_handlers={Failure: refuse}), log_level="critical"))
    asyncio.run(server.serve(sockets=[listener]))


def end_with_input():
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    serve()
