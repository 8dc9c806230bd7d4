-- Hand leased jobs over to the workers that put answers into a language model's words, each only if
-- it would be back in time and its tenant's budget lasts. A job that is handed over is queued again,
-- and keeps its lane and its watchers; its message waits at the tail of its tenant's flow, with the
-- reply in the entries' own words in it.
--
-- @include flows.lua
-- @include keys.lua
-- @include pools.lua
-- @include results.lua
-- @include tenants.lua
--
-- KEYS[1] lease hash of this worker
-- KEYS[2] queue of what is to be put into words
-- KEYS[3] sorted set of its workers
-- KEYS[4] tokens that were used today, by tenant
-- ARGV[1] time, Unix seconds
-- ARGV[2] seconds that a reply takes beyond its turn with a worker
-- ARGV[3..] six per job: token, job id, conversation id, Unix time at which its reply is due, tokens
--           that its tenant may use a day or '' for any number, message
--
-- Keys made from arguments: celery-task-meta-*, parley:job:*, those of flows.lua and pools.lua
-- Returns for each job one of
--   handed    it waits for its words; the lease is given up
--   late      it would not be back in time
--   unserved  no worker lives, or none has a model that answers
--   spent     its tenant has used up the day's tokens
--   ended     it has a result already
--   lost      the lease is not this worker's; so says a repeated call of a job that it handed over
local leases, queue, workers, used = unpack(KEYS, 1, 4)
local now, reply_seconds = unpack(ARGV, 1, 2)
local verdicts = {}
local per_second, ahead, turnaround = measure_pool(queue, workers)

local function is_spent(tenant, budget)
  if budget == '' then return false end
  return tonumber(redis.call('HGET', used, tenant) or 0) >= tonumber(budget)
end

local function hand_over(token, id, conversation, due_at, budget, message)
  if redis.call('HEXISTS', leases, token) == 0 then return 'lost' end
  if has_result(id) then return 'ended' end
  if per_second == 0 then return 'unserved' end
  local back_after = seconds_until_back(per_second, ahead, turnaround, reply_seconds)
  if now + back_after > tonumber(due_at) then return 'late' end
  local tenant = tenant_of(conversation)
  if is_spent(tenant, budget) then return 'spent' end
  redis.call('HDEL', leases, token)
  wait_again(id)
  queue_message(queue, tenant, message)
  ahead = ahead + 1
  return 'handed'
end

for i = 3, #ARGV, 6 do
  local token, id, conversation, due_at, budget, message = unpack(ARGV, i, i + 5)
  verdicts[#verdicts + 1] = hand_over(token, id, conversation, due_at, budget, message)
end
return verdicts
