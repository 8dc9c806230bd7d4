-- Library: the throughput, jobs per second that all workers together complete.
-- Only time in which jobs waited for workers is counted: an idle minute says nothing about speed.
-- Both sums decay, so that what happened WINDOW_SECONDS ago has the weight 1/e, and after some
-- quiet minutes nothing is known. During a halt the throughput falls for callers that ask meanwhile;
-- once jobs are completed again the halt counts for MAX_HALT_SECONDS at most, since the time without
-- workers is not their speed.
--
-- @include clock.lua
--
-- The hash at the given key holds: at, Unix seconds of the last count; busy, 1 if jobs waited then;
-- jobs and seconds, the decayed sums.
local WINDOW_SECONDS = 30
local MAX_HALT_SECONDS = 2
local MIN_SECONDS = 1

local function decayed_sums(key, now, max_halt)
  local at, was_busy, jobs, seconds =
    unpack(redis.call('HMGET', key, 'at', 'busy', 'jobs', 'seconds'))
  local elapsed, busy = now - (at or now), was_busy == '1'
  local kept = math.exp(-(busy and math.min(elapsed, max_halt) or elapsed) / WINDOW_SECONDS)
  local busy_seconds = (seconds or 0) * kept + (busy and WINDOW_SECONDS * (1 - kept) or 0)
  return (jobs or 0) * kept, busy_seconds, busy
end

-- Count completed jobs; those that were completed while none waited say nothing about speed.
local function count_completed(key, completed, jobs_wait)
  local now = unix_seconds()
  local jobs, seconds, busy = decayed_sums(key, now, MAX_HALT_SECONDS)
  redis.call('HSET', key, 'at', now, 'busy', jobs_wait and 1 or 0,
    'jobs', busy and jobs + completed or jobs, 'seconds', seconds)
end

-- Return jobs per second; nil if too little was seen.
local function jobs_per_second(key)
  local jobs, seconds = decayed_sums(key, unix_seconds(), math.huge)
  if seconds < MIN_SECONDS then return nil end
  return jobs / seconds
end

