-- With the word `apart`, no two neighbouring requests are the same to whoever answers one for all that wait.
init = function(arguments)
  if arguments[1] ~= "apart" then return end
  local requests, last = {}, 0
  for number = 1, 90 do
    local headers = {Accept = string.format("application/json;q=0.%d", number + 9)}
    for name, value in pairs(wrk.headers) do headers[name] = value end
    requests[number] = wrk.format(nil, nil, headers)
  end
  request = function()
    last = last % #requests + 1
    return requests[last]
  end
end

-- One line of JSON after the report that people read.
done = function(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  local line = '{"requests": %d, "microseconds": %d, "failed": %d, "p50": %d, "p99": %d}\n'
  io.write(line:format(
    summary.requests, summary.duration, failed, latency:percentile(50), latency:percentile(99)
  ))
end
