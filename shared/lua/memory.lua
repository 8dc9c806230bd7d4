-- Library: what a person has written, kept to be recalled.
-- Each owner (a user, or a conversation without one) has a list of records, oldest first, and a user
-- the set of conversations it took part in; a conversation knows its users, so that erasing either
-- erases both ends.
--
-- @include keys.lua
--
-- Keys made from arguments: parley:memory:*, parley:user-conversations:*,
--   parley:conversation-users:*

-- Let a key live at least so long from now.
local function extend(key, ttl)
  if redis.call('TTL', key) < tonumber(ttl) then redis.call('EXPIRE', key, ttl) end
end

-- Note who took part in a conversation, so that all of a user's can be found.
local function take_part(user, conversation, ttl)
  redis.call('SADD', USER_CONVERSATIONS .. user, conversation)
  redis.call('SADD', CONVERSATION_USERS .. conversation, user)
  extend(USER_CONVERSATIONS .. user, ttl)
  extend(CONVERSATION_USERS .. conversation, ttl)
end

-- Know the users of a conversation at least so long from now.
local function keep_participants(conversation, ttl)
  for _, user in ipairs(redis.call('SMEMBERS', CONVERSATION_USERS .. conversation)) do
    take_part(user, conversation, ttl)
  end
end

-- Keep at most `max_records` of an owner.
local function remember(owner, record, max_records, ttl)
  redis.call('RPUSH', MEMORY .. owner, record)
  redis.call('LTRIM', MEMORY .. owner, -max_records, -1)
  redis.call('EXPIRE', MEMORY .. owner, ttl)
end

local function forget_in_list(owner, conversation)
  local kept = {}
  for _, record in ipairs(redis.call('LRANGE', MEMORY .. owner, 0, -1)) do
    if cjson.decode(record).conversation_id ~= conversation then kept[#kept + 1] = record end
  end
  local ttl = redis.call('TTL', MEMORY .. owner)
  redis.call('DEL', MEMORY .. owner)
  for _, record in ipairs(kept) do redis.call('RPUSH', MEMORY .. owner, record) end
  if #kept > 0 and ttl > 0 then redis.call('EXPIRE', MEMORY .. owner, ttl) end
end

-- Forget what was written in a conversation, whoever wrote it.
local function forget_conversation(conversation)
  redis.call('DEL', MEMORY .. 'conversation ' .. conversation)
  for _, user in ipairs(redis.call('SMEMBERS', CONVERSATION_USERS .. conversation)) do
    forget_in_list('user ' .. user, conversation)
    redis.call('SREM', USER_CONVERSATIONS .. user, conversation)
  end
  redis.call('DEL', CONVERSATION_USERS .. conversation)
end

-- Forget all that a user wrote, and return the conversations they took part in.
local function forget_user(user)
  local conversations = redis.call('SMEMBERS', USER_CONVERSATIONS .. user)
  redis.call('DEL', MEMORY .. 'user ' .. user, USER_CONVERSATIONS .. user)
  return conversations
end
