-- Library: what a person has written, kept to be recalled.
-- Each owner (a user, or a conversation without one) has a list of records, oldest first, and a user
-- the conversations it took part in; a conversation knows its users, so that erasing either erases
-- both ends. Both sorted sets have the Unix time until which each member is known.
--
-- @include capped.lua
-- @include clock.lua
-- @include keys.lua
--
-- Keys made from arguments: parley:memory:*, parley:user-conversations:*,
--   parley:conversation-users:*

-- Earlier versions kept plain sets, without a time for each member: such a set is replaced.
local function renew(key)
  if redis.call('TYPE', key).ok ~= 'set' then return end
  local members, ttl = redis.call('SMEMBERS', key), redis.call('TTL', key)
  redis.call('DEL', key)
  for _, member in ipairs(members) do redis.call('ZADD', key, unix_seconds() + ttl, member) end
  redis.call('EXPIRE', key, ttl)
end

-- Let a key live at least so long from now.
local function extend(key, ttl)
  if redis.call('TTL', key) < tonumber(ttl) then redis.call('EXPIRE', key, ttl) end
end

-- Know a member of a sorted set at least so long from now, and forget those whose time is over.
local function know(key, member, ttl)
  local now = unix_seconds()
  renew(key)
  redis.call('ZADD', key, 'GT', now + ttl, member)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  extend(key, ttl)
end

-- Note who took part in a conversation, so that all of a user's can be found.
local function take_part(user, conversation, ttl)
  know(USER_CONVERSATIONS .. user, conversation, ttl)
  know(CONVERSATION_USERS .. conversation, user, ttl)
end

local function users_of(conversation)
  renew(CONVERSATION_USERS .. conversation)
  return redis.call('ZRANGE', CONVERSATION_USERS .. conversation, 0, -1)
end

-- Know the users of a conversation at least so long from now.
local function keep_participants(conversation, ttl)
  for _, user in ipairs(users_of(conversation)) do take_part(user, conversation, ttl) end
end

-- Whatever a person wrote has its quotes escaped, so that this finds the record's own member.
local function written_at(record)
  return tonumber(string.match(record, '"at":([%d.eE+-]+)')) or 0
end

-- A memory lives as long as its newest record; the others end at their own time.
local function drop_outlived(list, newest, ttl)
  local oldest = redis.call('LINDEX', list, 0)
  while oldest and written_at(newest) - written_at(oldest) > ttl do
    redis.call('LPOP', list)
    oldest = redis.call('LINDEX', list, 0)
  end
end

-- Keep at most `max_records` of an owner, each for `ttl` seconds.
local function remember(owner, record, max_records, ttl)
  local length = append_capped(MEMORY .. owner, {record}, tonumber(max_records), ttl)
  if length > 1 then drop_outlived(MEMORY .. owner, record, tonumber(ttl)) end
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
  for _, user in ipairs(users_of(conversation)) do
    forget_in_list('user ' .. user, conversation)
    renew(USER_CONVERSATIONS .. user)
    redis.call('ZREM', USER_CONVERSATIONS .. user, conversation)
  end
  redis.call('DEL', CONVERSATION_USERS .. conversation)
end

-- Forget all that a user wrote, and return some of the conversations they took part in, `limit` at
-- most; the others stay known.
local function forget_user(user, limit)
  redis.call('DEL', MEMORY .. 'user ' .. user)
  renew(USER_CONVERSATIONS .. user)
  return redis.call('ZRANGE', USER_CONVERSATIONS .. user, 0, limit - 1)
end
