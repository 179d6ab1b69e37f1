-- The requests of a browser: each connection walks through all users' cookies. Prints what was measured as one line of JSON.

local requests = {}
local at = 0

function init ()
  wrk.headers["Host"] = "gw.test"
  wrk.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
  wrk.headers["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
  wrk.headers["Accept-Language"] = "zh-TW,zh;q=0.9,en-US;q=0.8,en;q=0.7"
  wrk.headers["Accept-Encoding"] = "gzip, deflate, br, zstd"
  wrk.headers["Cache-Control"] = "max-age=0"
  wrk.headers["Referer"] = "https://gw.test/chat"
  wrk.headers["Sec-Ch-Ua"] = '"Chromium";v="141", "Not?A_Brand";v="8"'
  wrk.headers["Sec-Ch-Ua-Mobile"] = "?0"
  wrk.headers["Sec-Ch-Ua-Platform"] = '"Linux"'
  wrk.headers["Sec-Fetch-Dest"] = "document"
  wrk.headers["Sec-Fetch-Mode"] = "navigate"
  wrk.headers["Sec-Fetch-Site"] = "same-origin"
  for cookie in io.lines(os.getenv("BENCH_COOKIES")) do
    wrk.headers["Cookie"] = "theme=dark; lang=zh-TW; " .. cookie
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
