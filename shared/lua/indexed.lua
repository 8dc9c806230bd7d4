-- Library: what is kept of some conversations longer than their turns, under keys of their own.
-- An index has the conversations by the time of what was kept last; if there are too many, the
-- oldest are dropped.
--
-- @include keys.lua
-- @include memory.lua

-- Renew the keys of a conversation (`prefix` and its id) and its place in the index.
local function keep_indexed(index, prefix, conversation, now, max_conversations)
  redis.call('ZADD', index, now, conversation)
  redis.call('EXPIRE', index, REPORT_TTL_SECONDS)
  redis.call('EXPIRE', prefix .. conversation, REPORT_TTL_SECONDS)
  keep_participants(conversation, REPORT_TTL_SECONDS)
  for _ = max_conversations + 1, redis.call('ZCARD', index) do
    redis.call('DEL', prefix .. redis.call('ZPOPMIN', index)[1])
  end
end

local function forget_indexed(index, prefix, conversation)
  redis.call('ZREM', index, conversation)
  redis.call('DEL', prefix .. conversation)
end
