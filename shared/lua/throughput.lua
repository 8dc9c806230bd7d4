-- How fast jobs are answered, by all workers together; put before the scripts that count or ask.
-- Only time in which jobs waited for workers is counted: an idle minute says nothing about speed.
-- Both sums fade, so that what was seen WINDOW seconds ago counts 1/e, and after some minutes of
-- quiet nothing is known. A halt slows the rate for those who ask meanwhile; once answers come again
-- it counts for LONGEST_HALT seconds at most, since how long workers were away is not their speed.
--
-- The hash at the key given holds: at, Unix seconds of the last count; busy, 1 where jobs waited then;
-- jobs and seconds, the faded sums.
local WINDOW = 30
local LONGEST_HALT = 2
local SHORTEST_SECONDS = 1

local function drain_now()
  local time = redis.call('TIME')
  return time[1] + time[2] / 1000000
end

local function faded(key, now, longest)
  local was = redis.call('HMGET', key, 'at', 'busy', 'jobs', 'seconds')
  local elapsed, busy = now - (was[1] or now), was[2] == '1'
  local kept = math.exp(-(busy and math.min(elapsed, longest) or elapsed) / WINDOW)
  local seconds = (was[4] or 0) * kept + (busy and WINDOW * (1 - kept) or 0)
  return (was[3] or 0) * kept, seconds, busy
end

-- Count jobs that were answered just now; jobs that were answered while none waited say nothing.
local function count_drained(key, answered, waits)
  local now = drain_now()
  local jobs, seconds, busy = faded(key, now, LONGEST_HALT)
  redis.call('HSET', key, 'at', now, 'busy', waits and 1 or 0,
    'jobs', busy and jobs + answered or jobs, 'seconds', seconds)
end

-- Return jobs per second, or nil while too little was seen.
local function drain_rate(key)
  local jobs, seconds = faded(key, drain_now(), math.huge)
  if seconds < SHORTEST_SECONDS then return nil end
  return jobs / seconds
end

