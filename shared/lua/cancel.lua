-- End jobs as cancelled, wherever they are: on the queue, parked, or leased.
-- A message on the queue or under lease stays there; the worker that leases or completes it finds
-- the result. A parked one goes there if something is to follow its end, for a worker to see to it.
--
-- @include flows.lua
-- @include lanes.lua
-- @include schedule.lua
-- @include results.lua
-- @include tenants.lua
--
-- KEYS[1] inference queue
-- ARGV[1] TTL of the stored result, seconds; longer than any job may take
-- ARGV[2] lane TTL, seconds
-- ARGV[3] notification and
-- ARGV[4] Celery result, both with <job> in place of the job's id, the latter with <tenant> too
-- ARGV[5..] two per job: job id; '' or a gateway (cancel only if no other gateway waits for it)
--
-- Keys made from arguments: parley:job:*, those of lanes.lua, results.lua and schedule.lua
-- Returns for each job: cancelled; ended if it has a result already; awaited if another gateway
--   waits for it; unknown, also of a job that a Celery client sent for a tenant.
local queue = KEYS[1]
local result_ttl, lane_ttl, notification, result = unpack(ARGV, 1, 4)
local verdicts = {}

local function cancel(id, only_gateway)
  if has_result(id) then return 'ended' end
  local conversation, watchers, follow_ups =
    unpack(redis.call('HMGET', JOB .. id, 'conversation', 'watchers', 'follow_ups'))
  if not conversation or tenant_of(conversation) ~= tenant_of(id) then return 'unknown' end
  if only_gateway ~= '' and watchers ~= only_gateway .. ' ' then return 'awaited' end
  store_cancelled(id, conversation, notification, result, result_ttl)
  local message = withdraw(conversation, id) or unschedule(conversation, id)
  if message then
    if follow_ups then return_message(queue, tenant_of(conversation), message) end
  else
    release(queue, conversation, id, lane_ttl)
  end
  return 'cancelled'
end

for i = 5, #ARGV, 2 do
  local id, only_gateway = unpack(ARGV, i, i + 1)
  verdicts[#verdicts + 1] = cancel(id, only_gateway)
end
flush_notifications()
return verdicts
