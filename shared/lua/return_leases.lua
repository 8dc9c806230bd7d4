-- Put messages that a worker holds without knowing it back to the head of their queue. After a
-- fail-over Redis may be as it was a moment before: what a worker has ended since is leased again.
--
-- @include flows.lua
-- @include message_ids.lua
-- @include tenants.lua
--
-- KEYS[1] lease hash of the worker
-- KEYS[2] the queue
-- ARGV[1..] lease tokens, oldest first
--
-- Returns how many were put back.
local leases, queue = unpack(KEYS, 1, 2)
local returned = 0

for i = #ARGV, 1, -1 do
  local message = redis.call('HGET', leases, ARGV[i])
  if message then
    redis.call('HDEL', leases, ARGV[i])
    return_message(queue, tenant_of(read_id(message) or ''), message)
    returned = returned + 1
  end
end
return returned
