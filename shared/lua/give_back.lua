-- Put leased messages back to the head of a queue, uncounted: their worker cannot work on them,
-- another one can, or another one is to go on with them.
--
-- @include flows.lua
--
-- KEYS[1] lease hash of this worker
-- KEYS[2] the queue
-- ARGV three per message, the newest first: token, tenant, the message as it goes back, or '' if
-- nothing was added to it
--
-- Keys made from arguments: those of flows.lua
-- Returns how many were put back; a message whose lease is another worker's by now is not.
local leases, queue = unpack(KEYS, 1, 2)
local returned = 0

for i = 1, #ARGV, 3 do
  local token, tenant, longer = unpack(ARGV, i, i + 2)
  local message = redis.call('HGET', leases, token)
  if message then
    redis.call('HDEL', leases, token)
    return_message(queue, tenant, longer == '' and message or longer)
    returned = returned + 1
  end
end
return returned
