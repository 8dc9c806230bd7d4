-- Library: events for the webhook that are not delivered yet.
-- The events of one conversation are delivered in their order: the sorted set OUTBOX has the
-- conversation by the time at which its first event is due, 0 for at once. An entry of its list is
-- the number of failed tries, the Unix time of the event and its JSON, separated by spaces.
--
-- @include keys.lua
--
-- Keys made from arguments: parley:outbox, parley:outbox-events:*
local OUTBOX_TTL_SECONDS = 7 * 86400

-- An event that waits for its next try holds back the new one too.
local function append_event(conversation, at, event)
  local list = OUTBOX_EVENTS .. conversation
  redis.call('RPUSH', list, '0 ' .. at .. ' ' .. event)
  redis.call('EXPIRE', list, OUTBOX_TTL_SECONDS)
  redis.call('ZADD', OUTBOX, 'NX', 0, conversation)
  redis.call('EXPIRE', OUTBOX, OUTBOX_TTL_SECONDS)
end

local function forget_events(conversation)
  redis.call('DEL', OUTBOX_EVENTS .. conversation)
  redis.call('ZREM', OUTBOX, conversation)
end

