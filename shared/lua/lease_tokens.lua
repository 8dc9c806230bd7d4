-- Library: lease tokens, unique and ascending for the life of a server.
-- The counter begins at Redis's clock, so that after FLUSHALL no token comes a second time: a worker
-- may still hold one from before. A ten-thousandth of a second a step: no queue leases faster.

local function next_token(counter)
  if redis.call('EXISTS', counter) == 0 then
    local seconds, microseconds = unpack(redis.call('TIME'))
    redis.call('SET', counter, string.format('%s%04d', seconds, tonumber(microseconds) / 100))
  end
  return tostring(redis.call('INCR', counter))
end
