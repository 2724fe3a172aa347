-- Tokens of language models. A request that read or wrote some is [request id, rows, tokens read, tokens written].
DROP VIEW usage_event;
CREATE VIEW usage_event (seq, kind, position, at_ms, key_id, route, model, version, status, request_id, row_count,
    tokens_read, tokens_written) AS
SELECT seq, kind.position, request.position, at_ms, kind.value ->> 0, kind.value ->> 1, kind.value ->> 2, kind.value ->> 3,
    (kind.value ->> 4)::bigint, request.value ->> 0, (request.value ->> 1)::bigint,
    COALESCE((request.value ->> 2)::bigint, 0), COALESCE((request.value ->> 3)::bigint, 0)
FROM usage_group, json_array_elements(events::json) WITH ORDINALITY AS kind (value, position),
    json_array_elements(kind.value -> 5) WITH ORDINALITY AS request (value, position);
ALTER TABLE usage_day ADD COLUMN tokens_read BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_day ADD COLUMN tokens_written BIGINT NOT NULL DEFAULT 0;
