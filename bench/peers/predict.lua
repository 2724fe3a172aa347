-- wrk: POST one row a request, taking turns through the lines of $BENCH_BODIES; prints one JSON line of figures at the end.

local bodies = {}
for line in io.lines(os.getenv("BENCH_BODIES")) do bodies[#bodies + 1] = line end
local headers = { ["Content-Type"] = "application/json" }
local key = os.getenv("BENCH_KEY")
if key then headers["Authorization"] = "Bearer " .. key end
local turn = 0

function request()
  turn = turn % #bodies + 1
  return wrk.format("POST", "/api/predict", headers, bodies[turn])
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.6f, "p50_ms": %.4f, "p99_ms": %.4f, "failed": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
