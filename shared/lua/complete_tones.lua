-- Complete tone tasks: store each tone and notify the worker that waits for it, or until one does
-- the gateways that follow the job.
--
-- @include bulk.lua
-- @include dead_letters.lua
-- @include followers.lua
-- @include keys.lua
-- @include lease_tokens.lua
-- @include notifications.lua
--
-- KEYS[1] lease hash of this worker
-- KEYS[2] dead letters
-- ARGV[1] tone TTL, seconds
-- ARGV[2] dead letters kept
-- ARGV[3] result TTL, seconds
-- ARGV[4..] six per task: token, job id or '', tone as JSON or '', dead letter or '', task id and
--           Celery result or '' if nobody waits for it
--
-- Keys made from arguments: celery-task-meta-*, parley:tone:*, parley:tone-wanted:*, those of followers.lua; the channels
--   named by the second
-- Returns for each task: applied or lost.
local leases, dead_letters = unpack(KEYS, 1, 2)
local tone_ttl, max_dead_letters, result_ttl = unpack(ARGV, 1, 3)
local held = held_tokens(leases)
local verdicts = {}

local function complete(token, id, tone, dead, task, result)
  if not held[token] then return 'lost' end
  held[token] = nil
  if dead ~= '' then push_dead_letter(dead_letters, dead, max_dead_letters) end
  if result ~= '' and redis.call('SET', RESULT .. task, result, 'NX', 'EX', result_ttl) then
    redis.call('PUBLISH', RESULT .. task, result)
  end
  if tone ~= '' then
    redis.call('SET', TONE .. id, tone, 'EX', tone_ttl)
    local channel = redis.call('GETDEL', TONE_SUBSCRIPTION .. id)
    if channel == FOLLOWERS then
      announce_step(id)
    elseif channel then
      queue_notification(channel, id .. '\t' .. tone)
    end
  end
  return 'applied'
end

for i = 4, #ARGV, 6 do
  local token, id, tone, dead, task, result = unpack(ARGV, i, i + 5)
  verdicts[#verdicts + 1] = complete(token, id, tone, dead, task, result)
end
bulk.call('HDEL', leases, bulk.arguments(4, 6))
flush_notifications()
return verdicts
