-- Library: jobs that are not due yet (eta, countdown), each kept with its conversation.
--
-- @include keys.lua
-- @include lanes.lua
--
-- Keys made from arguments: parley:scheduled, parley:scheduled-messages:*

-- Keep a job until it is due, Unix seconds; false if too many are kept.
local function schedule(conversation, id, message, due_at)
  local member = parked_member(conversation, id)
  if redis.call('ZCARD', SCHEDULED) >= MAX_SCHEDULED and not redis.call('ZSCORE', SCHEDULED, member) then
    return false
  end
  redis.call('ZADD', SCHEDULED, due_at, member)
  redis.call('HSET', SCHEDULED_MESSAGES .. conversation, id, message)
  return true
end

-- Take a job out and return its message; nil if it is not kept.
local function unschedule(conversation, id)
  redis.call('ZREM', SCHEDULED, parked_member(conversation, id))
  local message = redis.call('HGET', SCHEDULED_MESSAGES .. conversation, id)
  redis.call('HDEL', SCHEDULED_MESSAGES .. conversation, id)
  return message or nil
end
