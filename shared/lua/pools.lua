-- Library: hand jobs over to the workers of a queue, who say in their heartbeats how fast they are.
--
-- @include flows.lua
-- @include keys.lua
--
-- Keys made from members: parley:worker:*, parley:lease:*, parley:job:*, those of flows.lua

local function measured(worker)
  local heartbeat = redis.call('GET', WORKER .. worker)
  local status = heartbeat and cjson.decode(heartbeat) or {}
  local counters = not status.paused and status.counters or {}
  local pace, turnaround = counters.pace_seconds, counters.turnaround_seconds
  return type(pace) == 'number' and pace or nil, type(turnaround) == 'number' and turnaround or 0
end

-- Return the messages a second that all live workers get through, how many are ahead, and the
-- turnaround of late, of the faster workers more. A worker that names no pace takes no part.
local function measure_pool(queue, workers)
  local per_second, turnarounds = 0, 0
  local ahead = count_flows(queue)
  for _, worker in ipairs(redis.call('ZRANGE', workers, 0, -1)) do
    local pace, turnaround = measured(worker)
    if pace then
      local own = 1 / math.max(pace, 1e-6)
      per_second, turnarounds = per_second + own, turnarounds + own * turnaround
      ahead = ahead + redis.call('HLEN', LEASE .. worker)
    end
  end
  return per_second, ahead, turnarounds / math.max(per_second, 1e-6)
end

-- Return when a message is back that joins now; `reply_seconds` go on top of its turn.
local function seconds_until_back(per_second, ahead, turnaround, reply_seconds)
  return math.max(reply_seconds + (ahead + 1) / per_second, turnaround)
end

-- Let a job wait again: where its message gets lost, as with `celery purge`, it can expire, and does
-- not keep its lane.
local function wait_again(id)
  if redis.call('EXISTS', JOB .. id) == 1 then redis.call('HSET', JOB .. id, 'state', 'queued') end
end

