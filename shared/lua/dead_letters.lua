-- Library: keep a message that could not be processed.

-- Add a dead letter; the oldest are dropped beyond `max_letters`.
local function push_dead_letter(dead_letters, letter, max_letters)
  redis.call('LPUSH', dead_letters, letter)
  redis.call('LTRIM', dead_letters, 0, max_letters - 1)
end

