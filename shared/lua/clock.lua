-- Library: Redis's clock, which all who call agree on.

local function unix_seconds()
  local seconds, microseconds = unpack(redis.call('TIME'))
  return seconds + microseconds / 1000000
end

