-- Library: lists that keep the newest of what is added, and live as long as that.

-- Append to a list of at most `max`, to be forgotten in `ttl` seconds; return how long it became
-- before it was cut.
local function append_capped(list, values, max, ttl)
  local length = redis.call('RPUSH', list, unpack(values))
  if length > max then redis.call('LTRIM', list, -max, -1) end
  redis.call('EXPIRE', list, ttl)
  return length
end
