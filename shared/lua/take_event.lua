-- Take the first event of the conversation that is due longest, for one try at delivery.
-- The conversation is due again when the try should have ended: a sender that dies keeps nothing.
--
-- @include outbox.lua
-- @include tenants.lua
--
-- KEYS[1] conversations with events, by due time
-- KEYS[2] events that an operator put back from the dead letters
-- ARGV[1] Unix time
-- ARGV[2] Unix time by which the try has ended
--
-- Keys made from arguments: parley:outbox-events:*, those of outbox.lua
-- Returns {conversation, entry}; nothing if none is due.
local outbox, returned = unpack(KEYS, 1, 2)
local now, ends_at = unpack(ARGV, 1, 2)

local function append_returned()
  local event = redis.call('RPOP', returned)
  if not event then return end
  local decoded = cjson.decode(event)
  local conversation = scoped(decoded.tenant or DEFAULT_TENANT, decoded.handover.conversation_id)
  append_event(conversation, now, event)
end

local function next_due()
  while true do
    local conversation = redis.call('ZRANGEBYSCORE', outbox, '-inf', now, 'LIMIT', 0, 1)[1]
    if not conversation then return nil end
    local entry = redis.call('LINDEX', OUTBOX_EVENTS .. conversation, 0)
    if entry then return conversation, entry end
    redis.call('ZREM', outbox, conversation)
  end
end

append_returned()
local conversation, entry = next_due()
if not conversation then return false end
redis.call('ZADD', outbox, ends_at, conversation)
return {conversation, entry}
