-- Return what waits on a queue of second opinions to the head of the inference queue, in its old
-- order, if no worker lives that would take it: all are dead or paused. Its messages say that they
-- were handed over once.
--
-- @include flows.lua
-- @include keys.lua
-- @include tenants.lua
--
-- KEYS[1] queue of what was handed over
-- KEYS[2] sorted set of its workers
-- KEYS[3] inference queue
-- ARGV[1] how many at most; the newest go first, so that what is left comes before them
--
-- Keys made from members: parley:worker:*, those of flows.lua. parley:wake is a message.
-- Returns how many were returned.
local queue, workers, inference_queue = unpack(KEYS, 1, 3)
local limit = ARGV[1]
local returned = 0

local function is_served()
  for _, worker in ipairs(redis.call('ZRANGE', workers, 0, -1)) do
    local heartbeat = redis.call('GET', WORKER .. worker)
    if heartbeat and not cjson.decode(heartbeat).paused then return true end
  end
  return false
end

local function return_flow(tenant)
  while returned < tonumber(limit) do
    local message = redis.call('LPOP', flow_of(queue, tenant))
    if not message then return end
    if message ~= WAKE then
      return_message(inference_queue, tenant, message)
      returned = returned + 1
    end
  end
end

if not has_waiting(queue) or is_served() then return 0 end
return_flow(DEFAULT_TENANT)
for _, tenant in ipairs(redis.call('ZRANGE', flows_of(queue), 0, -1)) do
  if tenant ~= DEFAULT_TENANT then return_flow(tenant) end
end
if returned < tonumber(limit) then redis.call('DEL', flows_of(queue)) end
return returned
