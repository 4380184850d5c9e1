-- wrk -s rotate.lua URL -- FILE
--
-- FILE has one header per line, such as `Cookie: a=b`. With one line all requests are the same; with more, each
-- request carries the next one. Ends with one line of JSON, because wrk itself prints no 95th percentile.

local requests, at = {}, 0

local function rotated()
  at = at % #requests + 1
  return requests[at]
end

function init(arguments)
  local headers = {}
  for line in io.lines(arguments[1]) do
    local name, value = line:match("^([^:]+): (.*)$")
    headers[#headers + 1] = { [name] = value }
  end
  if #headers == 1 then
    for name, value in pairs(headers[1]) do
      wrk.headers[name] = value
    end
    return
  end
  for index, header in ipairs(headers) do
    requests[index] = wrk.format("GET", nil, header)
  end
  request = rotated
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%f,"p50":%f,"p95":%f,"p99":%f,"failed":%d,"refused":%d}\n',
    summary.requests,
    summary.duration / 1e6,
    latency:percentile(50) / 1e3,
    latency:percentile(95) / 1e3,
    latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.timeout,
    errors.status
  ))
end
