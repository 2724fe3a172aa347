-- Tokens of language models. A request that read or wrote some is [request id, rows, tokens read, tokens written].
DROP VIEW usage_event;
CREATE VIEW usage_event (seq, kind, position, at_ms, key_id, route, model, version, status, request_id, row_count,
    tokens_read, tokens_written) AS
SELECT seq, kind.key, request.key, at_ms, kind.value ->> 0, kind.value ->> 1, kind.value ->> 2, kind.value ->> 3,
    kind.value ->> 4, request.value ->> 0, request.value ->> 1, COALESCE(request.value ->> 2, 0), COALESCE(request.value ->> 3, 0)
FROM usage_group, json_each(events) AS kind, json_each(kind.value, '$[5]') AS request;
ALTER TABLE usage_day ADD COLUMN tokens_read BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_day ADD COLUMN tokens_written BIGINT NOT NULL DEFAULT 0;
