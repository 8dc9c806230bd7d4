-- Put jobs that are due now at the tail of the queue, as if they had just come.
--
-- @include flows.lua
-- @include lanes.lua
-- @include schedule.lua
-- @include tenants.lua
--
-- KEYS[1] inference queue
-- ARGV[1] time, Unix seconds
-- ARGV[2] how many at most
--
-- Keys made from arguments: parley:scheduled, those of schedule.lua
-- Returns how many.
local queue = KEYS[1]
local now, limit = unpack(ARGV, 1, 2)

local due = redis.call('ZRANGEBYSCORE', SCHEDULED, '-inf', now, 'LIMIT', 0, limit)
for _, member in ipairs(due) do
  local conversation, id = read_parked_member(member)
  local message = unschedule(conversation, id)
  if message then queue_message(queue, tenant_of(conversation), message) end
end
return #due
