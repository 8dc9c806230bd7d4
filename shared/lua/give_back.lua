-- Put leased messages back to the head of a queue, uncounted: their worker cannot work on them,
-- another one can.
--
-- @include flows.lua
--
-- KEYS[1] lease hash of this worker
-- KEYS[2] the queue
-- ARGV two per message, the newest first: token, tenant
--
-- Keys made from arguments: those of flows.lua
-- Returns how many were put back; a message whose lease is another worker's by now is not.
local leases, queue = unpack(KEYS, 1, 2)
local returned = 0

for i = 1, #ARGV, 2 do
  local token, tenant = unpack(ARGV, i, i + 1)
  local message = redis.call('HGET', leases, token)
  if message then
    redis.call('HDEL', leases, token)
    return_message(queue, tenant, message)
    returned = returned + 1
  end
end
return returned
