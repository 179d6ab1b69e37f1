-- The requests of a browser: all connections together walk through the users' cookies, one after the other. Prints what was
-- measured as one line of JSON.

local requests = {}
-- How many were asked before, in other runs: who was asked last is asked again last.
local at = tonumber(os.getenv("BENCH_ASKED") or "0")

function init ()
  for cookie in io.lines(os.getenv("BENCH_COOKIES")) do
    wrk.headers["Cookie"] = cookie
    table.insert(requests, wrk.format("GET"))
  end
end

-- A pause before each request: a load below what the proxy can do.
local pause = os.getenv("BENCH_PAUSE_MS")
if pause then
  function delay () return math.random(0, 2 * tonumber(pause)) end
end

function request ()
  at = at % #requests + 1
  return requests[at]
end

function done (summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"bytes":%d,"microseconds":%d,"p50Microseconds":%d,"p99Microseconds":%d,"errors":%d}\n',
    summary.requests, summary.bytes, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
