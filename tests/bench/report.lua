-- One line of JSON after the report that people read.
done = function(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  local line = '{"requests": %d, "microseconds": %d, "failed": %d, "p50": %d, "p99": %d}\n'
  io.write(line:format(
    summary.requests, summary.duration, failed, latency:percentile(50), latency:percentile(99)
  ))
end
