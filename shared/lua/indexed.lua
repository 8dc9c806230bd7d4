-- Library: what is kept of some conversations longer than their turns, under keys of their own.
-- An index has a tenant's conversations by the time of what was kept last; if there are too many,
-- the oldest are dropped.
--
-- @include keys.lua
-- @include memory.lua
-- @include tenants.lua

-- Renew the keys of a conversation (`prefix` and its id) and its place in the index.
local function keep_indexed(index_name, prefix, conversation, now, max_conversations)
  local index = index_of(tenant_of(conversation), index_name, prefix)
  redis.call('ZADD', index, now, conversation)
  redis.call('EXPIRE', index, REPORT_TTL_SECONDS)
  redis.call('EXPIRE', prefix .. conversation, REPORT_TTL_SECONDS)
  keep_participants(conversation, REPORT_TTL_SECONDS)
  for _ = max_conversations + 1, redis.call('ZCARD', index) do
    redis.call('DEL', prefix .. redis.call('ZPOPMIN', index)[1])
  end
end

local function forget_indexed(index_name, prefix, conversation)
  redis.call('ZREM', index_of(tenant_of(conversation), index_name, prefix), conversation)
  redis.call('DEL', prefix .. conversation)
end
