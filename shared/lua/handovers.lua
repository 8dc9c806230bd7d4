-- Library: the handovers of conversations to persons, one record for each conversation: its last.
-- The record is a hash whose values are JSON, so that '"claimed"' is the state of a conversation
-- that a person has. `webhook` (true or false) and `events` (how many were written) belong to it.
-- Ids in the record are the tenant's own; those of conversations here and in the indexes are not.
-- Whoever includes this library calls flush_notifications at the end.
--
-- @include keys.lua
-- @include notifications.lua
-- @include outbox.lua
-- @include tenants.lua
--
-- Keys made from arguments: parley:handover:*, parley:handover-conversation:*, parley:handovers:*,
--   those of outbox.lua
-- Channel: parley:conversations
local MAX_PRUNED = 100
local URGENT = {self_harm = true, emergency = true}
local NOT_SHOWN = {webhook = true, events = true}

-- Tell the gateways that a conversation has a new turn, or another state of its handover.
local function announce_conversation(conversation)
  queue_notification(CONVERSATIONS, conversation)
end

local function decode_text(json)
  return cjson.decode('[' .. json .. ']')[1]
end

local function handover_state(conversation)
  local state = redis.call('HGET', HANDOVER .. conversation, 'state')
  return state and decode_text(state) or 'none'
end

local function handover_index(conversation, state)
  return HANDOVERS .. scoped(tenant_of(conversation), state)
end

-- Return the key that leads from a handover's own id to its conversation.
local function handover_conversation(conversation, id)
  return HANDOVER_CONVERSATION .. scoped(tenant_of(conversation), id)
end

-- Return whether a person has the conversation, so that nobody else may answer there.
local function has_person(conversation)
  return handover_state(conversation) == 'claimed'
end

-- Write an event for the webhook; `at` and `turn` are JSON, `turn` may be nil.
local function record_event(conversation, kind, at, turn)
  local key = HANDOVER .. conversation
  if redis.call('HGET', key, 'webhook') ~= 'true' then return end
  local number = redis.call('HINCRBY', key, 'events', 1)
  local members, record = {}, redis.call('HGETALL', key)
  for i = 1, #record, 2 do
    local name, value = record[i], record[i + 1]
    if not NOT_SHOWN[name] then members[#members + 1] = '"' .. name .. '":' .. value end
  end
  local tenant = tenant_of(conversation)
  local id = decode_text(redis.call('HGET', key, 'id')) .. '.' .. number
  if tenant ~= DEFAULT_TENANT then id = tenant .. '.' .. id end
  local event = '{"id":' .. cjson.encode(id) .. ',"type":"' .. kind .. '","at":' .. at
    .. ',"tenant":"' .. tenant .. '","handover":{' .. table.concat(members, ',') .. '}'
    .. (turn and ',"turn":' .. turn or '') .. '}'
  append_event(conversation, at, event)
end

-- Move a conversation from one state's index to another's.
local function set_handover_state(conversation, state)
  local key = HANDOVER .. conversation
  redis.call('ZREM', handover_index(conversation, handover_state(conversation)), conversation)
  redis.call('HSET', key, 'state', '"' .. state .. '"')
  redis.call('ZADD', handover_index(conversation, state), redis.call('HGET', key, 'opened_at'), conversation)
end

local function renew_handover(conversation, ttl)
  local key = HANDOVER .. conversation
  local id = redis.call('HGET', key, 'id')
  if not id then return end
  redis.call('EXPIRE', key, ttl)
  redis.call('EXPIRE', handover_index(conversation, handover_state(conversation)), ttl)
  redis.call('EXPIRE', handover_index(conversation, 'all'), ttl)
  redis.call('SET', handover_conversation(conversation, decode_text(id)), conversation, 'EX', ttl)
end

-- Forget the conversation's handover; events that are not delivered yet are left.
local function forget_handover(conversation)
  local key = HANDOVER .. conversation
  local id = redis.call('HGET', key, 'id')
  if not id then return end
  redis.call('ZREM', handover_index(conversation, handover_state(conversation)), conversation)
  redis.call('ZREM', handover_index(conversation, 'all'), conversation)
  redis.call('DEL', key, handover_conversation(conversation, decode_text(id)))
end

-- Take conversations out of a tenant's indexes whose record has expired; `before`: opened earlier.
local function prune_handovers(tenant, before)
  for _, state in ipairs({'open', 'claimed', 'closed', 'all'}) do
    local index = HANDOVERS .. scoped(tenant, state)
    local old = redis.call('ZRANGEBYSCORE', index, '-inf', before, 'LIMIT', 0, MAX_PRUNED)
    for _, conversation in ipairs(old) do
      if redis.call('EXISTS', HANDOVER .. conversation) == 0 then
        redis.call('ZREM', index, conversation)
      end
    end
  end
end

local function write_handover(conversation, fields)
  local key = HANDOVER .. conversation
  forget_handover(conversation)
  for name, value in pairs(fields) do redis.call('HSET', key, name, value) end
  redis.call('ZADD', handover_index(conversation, 'all'), fields.opened_at, conversation)
  set_handover_state(conversation, 'open')
end

-- One that is open already gets the new summary, and the new reason if that is urgent.
local function update_handover(conversation, fields)
  local key = HANDOVER .. conversation
  redis.call('HSET', key, 'summary', fields.summary)
  local urgent = URGENT[decode_text(fields.reason)]
  if not urgent or redis.call('HGET', key, 'reason') == fields.reason then return end
  redis.call('HSET', key, 'reason', fields.reason)
  record_event(conversation, 'handover.escalated', fields.opened_at)
end

-- Let a handover be in another state from now on, and make that known.
local function enter_handover_state(conversation, state, now, ttl)
  set_handover_state(conversation, state)
  renew_handover(conversation, ttl)
  record_event(conversation, 'handover.' .. state, now)
  announce_conversation(conversation)
end

-- Open a handover; `opening` is what encode_opening of shared/handovers.py returns, `ttl` the
-- conversation's, in seconds. One that is open or claimed already is updated.
local function open_handover(conversation, opening, ttl)
  local fields, state = cjson.decode(opening), handover_state(conversation)
  if state == 'open' or state == 'claimed' then
    update_handover(conversation, fields)
  else
    write_handover(conversation, fields)
    prune_handovers(tenant_of(conversation), fields.opened_at - ttl)
    record_event(conversation, 'handover.opened', fields.opened_at)
  end
  renew_handover(conversation, ttl)
  announce_conversation(conversation)
end

-- Pass a customer's turn (JSON) to the person who has the conversation; nothing if none has.
local function pass_to_person(conversation, turn, ttl)
  if not has_person(conversation) then return end
  record_event(conversation, 'handover.message', string.format('%.3f', cjson.decode(turn).at), turn)
  renew_handover(conversation, ttl)
end

-- Let `change` (conversation → verdict) work on a handover; return {verdict, field, value, ...}.
local function change_handover(id, change)
  local conversation = redis.call('GET', HANDOVER_CONVERSATION .. id)
  if not conversation then return {'unknown'} end
  local verdict = change(conversation)
  flush_notifications()
  return {verdict, unpack(redis.call('HGETALL', HANDOVER .. conversation))}
end

