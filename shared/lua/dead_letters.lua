-- Library: keep a message that could not be processed.
--
-- @include keys.lua

-- Add a dead letter; the oldest are dropped beyond `max_letters`, and those whose time is over.
-- A letter's message is base64 and its texts are escaped: what matches is its own member.
local function push_dead_letter(dead_letters, letter, max_letters)
  redis.call('LPUSH', dead_letters, letter)
  redis.call('LTRIM', dead_letters, 0, max_letters - 1)
  redis.call('EXPIRE', dead_letters, DEAD_LETTER_TTL_SECONDS)
  local at = '"at":([%d.eE+-]+)'
  local newest = tonumber(string.match(letter, at)) or 0
  for _ = 1, 2 do  -- more than one, so that what has outlived its time does not pile up
    local oldest = redis.call('LINDEX', dead_letters, -1)
    if newest - (tonumber(string.match(oldest, at)) or newest) <= DEAD_LETTER_TTL_SECONDS then return end
    redis.call('RPOP', dead_letters)
  end
end
