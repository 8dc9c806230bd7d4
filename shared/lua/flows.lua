-- Library: the flows of a queue, one for each tenant, of which workers take in turn.
-- The default tenant's flow is the queue's own list, as any Celery client fills it. The others are
-- lists beside it; the sorted set of flows has each by what it had: the number of messages that were
-- taken from it, divided by its weight. Who had least is next. A flow that joins, or joins again,
-- had at least as much as the one that is next, so that nobody saves up while nothing waits. Without
-- messages of other tenants there is no such set, and only the queue's own list.
-- A worker that waits does so for the queue's own list, so that holds at least WAKE (parley:wake),
-- which says nothing, while messages wait in others.
--
-- @include bulk.lua
-- @include keys.lua
-- @include tenants.lua
--
-- Keys made from arguments: parley:flows:*, the lists of flows
-- Channels: parley:wakes:*

local function flow_of(queue, tenant)
  return tenant == DEFAULT_TENANT and queue or queue .. SEPARATOR .. tenant
end

-- The name of the set has the queue's own, which comes with the prefix of its partition.
local function flows_of(queue)
  return FLOWS .. string.sub(queue, #PREFIX + 1)
end

local function join_flows(queue, tenant)
  local next_flow = redis.call('ZRANGE', flows_of(queue), 0, 0, 'WITHSCORES')
  redis.call('ZADD', flows_of(queue), 'NX', next_flow[2] or 0, tenant)
end

local function wake_worker(queue)
  if redis.call('EXISTS', queue) == 0 then redis.call('LPUSH', queue, WAKE) end
end

-- Where there are partitions, workers do not wait at a list of each: they hear of the first message.
local function announce_first(queue, waiting)
  if waiting > 1 or #PREFIX == 0 then return end
  redis.call('PUBLISH', WAKES .. string.sub(queue, #PREFIX + 1), PREFIX)
end

local function announce_flow(queue, tenant)
  if tenant == DEFAULT_TENANT then return end
  join_flows(queue, tenant)
  wake_worker(queue)
end

-- Tell whether WAKE is in a queue's own list.
local function is_called(queue)
  return redis.call('LINDEX', queue, -1) == WAKE
end

-- Put messages, one at least, at the tail of their tenant's flow; return how many wait there.
local function queue_messages(queue, tenant, messages)
  local waiting = bulk.call('LPUSH', flow_of(queue, tenant), messages)
  announce_flow(queue, tenant)
  announce_first(queue, waiting - #messages + 1)
  return waiting
end

local function queue_message(queue, tenant, message)
  return queue_messages(queue, tenant, {message})
end

-- Put a message at the head of its tenant's flow. It says more than WAKE, which is always the head.
local function return_message(queue, tenant, message)
  if tenant == DEFAULT_TENANT and is_called(queue) then redis.call('RPOP', queue) end
  local waiting = redis.call('RPUSH', flow_of(queue, tenant), message)
  announce_flow(queue, tenant)
  announce_first(queue, waiting)
end

local function has_waiting(queue)
  return redis.call('EXISTS', queue, flows_of(queue)) > 0
end

-- Return how many messages wait in a tenant's flow.
local function count_flow(queue, tenant)
  local waiting = redis.call('LLEN', flow_of(queue, tenant))
  if waiting > 0 and tenant == DEFAULT_TENANT and is_called(queue) then return waiting - 1 end
  return waiting
end

-- Return how many messages wait in all flows, and whether there are others than the queue's own.
local function count_flows(queue)
  local flows = redis.call('ZRANGE', flows_of(queue), 0, -1)
  local waiting = count_flow(queue, DEFAULT_TENANT)
  for _, tenant in ipairs(flows) do
    if tenant ~= DEFAULT_TENANT then waiting = waiting + count_flow(queue, tenant) end
  end
  return waiting, #flows > 0
end

-- Return the tenants that have messages that wait, as a set, and how many they are.
local function waiting_tenants(queue)
  local names, tenants = {}, 0
  local function look(tenant)
    if count_flow(queue, tenant) == 0 then return end
    names[tenant], tenants = true, tenants + 1
  end
  look(DEFAULT_TENANT)
  for _, tenant in ipairs(redis.call('ZRANGE', flows_of(queue), 0, -1)) do
    if tenant ~= DEFAULT_TENANT then look(tenant) end
  end
  return names, tenants
end
