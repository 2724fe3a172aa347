CREATE TABLE ledger_fact (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE api_key (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    tenant TEXT NOT NULL,
    scopes TEXT NOT NULL,
    hash TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT,
    revoked_at_ms BIGINT,
    rate_per_minute BIGINT
);

-- One row a group commit, only ever appended: one text costs a fraction of as many rows. events is a JSON list of
-- [key id, route, model, version, status, [[request id, rows], ...]].
CREATE TABLE usage_group (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    events TEXT NOT NULL
);

-- One row a request.
CREATE VIEW usage_event (seq, kind, position, at_ms, key_id, route, model, version, status, request_id, row_count) AS
SELECT seq, kind.position, request.position, at_ms, kind.value ->> 0, kind.value ->> 1, kind.value ->> 2, kind.value ->> 3,
    (kind.value ->> 4)::bigint, request.value ->> 0, (request.value ->> 1)::bigint
FROM usage_group, json_array_elements(events::json) WITH ORDINALITY AS kind (value, position),
    json_array_elements(kind.value -> 5) WITH ORDINALITY AS request (value, position);

-- Sums of usage_event, kept in the same transactions, so that questions need not read every event.
CREATE TABLE usage_day (
    day TEXT NOT NULL,
    key_id TEXT NOT NULL,
    model TEXT NOT NULL,
    version TEXT NOT NULL,
    status BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    row_count BIGINT NOT NULL,
    PRIMARY KEY (day, key_id, model, version, status)
);

CREATE TABLE audit (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    actor TEXT NOT NULL,
    act TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL
);
