-- Put accepted jobs on the queue, each in its conversation's order, or refuse them.
-- A job's tone task is queued beside it. If enough messages are ahead of it, from which the task would
-- take processor time, and inference workers give early vectors, it is left due for one of them to
-- queue.
--
-- @include bulk.lua
-- @include flows.lua
-- @include followers.lua
-- @include lanes.lua
-- @include rate_limits.lua
-- @include tenants.lua
-- @include throughput.lua
-- @include tone_tasks.lua
--
-- KEYS[1] inference queue
-- KEYS[2] sentiment queue
-- KEYS[3] throughput
-- KEYS[4] sorted set of the inference workers
-- ARGV[1] messages that may wait, including those parked behind another of their conversation
-- ARGV[2] jobs that may be parked in one conversation
-- ARGV[3] job TTL, seconds
-- ARGV[4] lane TTL, seconds; longer than any job may take
-- ARGV[5] seconds after which a message is no longer worth an answer
-- ARGV[6] time at which the last of the jobs was accepted, Unix seconds
-- ARGV[7] n, the number of jobs
-- ARGV[8] k, the number of jobs with an idempotency key
-- ARGV[9..8+6n] six per job: job id, conversation id, inference task, tone task or '', gateway or '',
--          expires_at in Unix seconds
-- ARGV[9+6n..8+6n+3k] three per job with an idempotency key: its index among the jobs, from 1; the
--          key; digest of the request
-- ARGV[9+6n+3k..] four per rate limit of a job: the job's index; the bucket's name; microseconds in
--          which a token comes in; how many it holds
--
-- Keys made from arguments: parley:job:*, parley:idempotency:*, celery-task-meta-*, parley:lane:*,
--   parley:lane-waiting:*, parley:parked, parley:tones-shared, parley:lease:*, those of flows.lua, lanes.lua and rate_limits.lua
-- Returns for each job an integer: messages of its tenant that wait on the inference queue; -2 if
--   too many of its conversation are parked; -4 if its idempotency key belongs to another request.
--   Or {-3, name of the fault} if Redis could not write it (Redis's log says why). Or {-5,
--   milliseconds}: one of its buckets is empty, and has a token after that time. Or {-1,
--   milliseconds}: the queue is full, or the throughput is too low for this job to be answered in
--   time, and its tenant has its share of what waits; after that time (0: unknown) half of the
--   capacity will be free. Or, if its key belongs to the same request, job and conversation of the
--   first job, with a line break between; this gateway will be notified of its end too.
--   Then for each rate limit {tokens left, milliseconds until the bucket is full}; {-1, 0}: not used.
--   A job that is known already is neither queued nor charged again, so the call may be repeated
--   after a lost connection. A refused job leaves its key unused; it has been charged all the same.
--   On a read-only replica the call as a whole fails: its caller is connected to the wrong server.
local inference_queue, sentiment_queue, throughput_key, workers = unpack(KEYS, 1, 4)
local queue_limit, parked_limit, job_ttl, lane_ttl, max_wait_seconds, now, jobs, keyed_jobs =
  unpack(ARGV, 1, 8)
queue_limit, parked_limit = tonumber(queue_limit), tonumber(parked_limit)
jobs, keyed_jobs = tonumber(jobs), tonumber(keyed_jobs)

local queued, has_flows = count_flows(inference_queue)
local parked = redis.call('ZCARD', PARKED)
local capacity, throughput, waiting_names, waiting_count
local held, enough, any_known
local idempotency_keys, rate_limits, buckets, outcomes, accepted = {}, {}, {}, {}, {}

-- The capacity is what can be answered within a message's time. Measured once a call.
local function measure_capacity()
  throughput = jobs_per_second(throughput_key)
  capacity = throughput and math.min(queue_limit, math.floor(throughput * max_wait_seconds))
    or queue_limit
end

-- Whoever else has filled the queue, a tenant may have its share waiting there. Who waits is looked
-- up once for all that are refused in a row.
local function has_share_left(tenant)
  if not waiting_names then waiting_names, waiting_count = waiting_tenants(inference_queue) end
  local rivals = waiting_count - (waiting_names[tenant] and 1 or 0)
  if rivals == 0 then return false end
  local own = count_flow(inference_queue, tenant) + parked_of(tenant)
  return own == 0 or own < capacity / (rivals + 1)
end

-- Return how many messages of a tenant are on the queue.
local function own_queued(tenant)
  has_flows = has_flows or tenant ~= DEFAULT_TENANT
  return has_flows and count_flow(inference_queue, tenant) or queued
end

local function refuse(waiting)
  if not throughput or throughput == 0 then return {-1, 0} end
  return {-1, math.ceil(1000 * (waiting - capacity / 2) / throughput)}
end

-- Earlier versions wrote blanks between digest, job and conversation, none of which held one.
local function read_record(record)
  local digest, job, conversation = string.match(record, '^(%S+)\n([^\n]+)\n([^\n]+)$')
  if job then return digest, job, conversation end
  return string.match(record, '^(%S+) (%S+) (%S+)$')
end

local function find_idempotent_job(idempotency, id, gateway)
  local digest, first, conversation = read_record(redis.call('GET', idempotency.key) or '')
  if not first or first == id then return end
  local in_progress = redis.call('EXISTS', JOB .. first) == 1
  if not in_progress and redis.call('EXISTS', RESULT .. first) == 0 then return end
  if digest ~= idempotency.digest then return -4 end
  if in_progress then add_gateway(first, 'watchers', gateway) end
  return first .. '\n' .. conversation
end

-- A job whose time is over and which no worker has claimed can only be dropped as expired. Its
-- message may be gone, after `celery purge`, so it holds no lane any longer.
local function is_over(id)
  local state, expires_at = unpack(redis.call('HMGET', JOB .. id, 'state', 'expires_at'))
  return state == 'queued' and expires_at and tonumber(expires_at) + 1 < tonumber(now)
end

-- Take the conversation's lane, and return true, unless another job holds it.
local function take_lane(conversation, id)
  local lane = LANE .. conversation
  local holder = redis.call('SET', lane, id, 'NX', 'EX', lane_ttl, 'GET')
  if not holder then return true end
  if not is_over(holder) then return false end
  redis.call('SET', lane, id, 'EX', lane_ttl)
  return true
end

-- A lane that expired while jobs were parked in it goes to the first of them, not to the newcomer.
local function enqueue_or_park(conversation, id, infer_task, expires_at, has_lane, parked_ahead)
  if not has_lane or parked_ahead > 0 then
    park(conversation, id, infer_task, expires_at)
    parked = parked + 1
    if not has_lane then return end
    promote(inference_queue, conversation, lane_ttl)
    parked, queued = parked - 1, queued + 1
  else
    queue_message(inference_queue, tenant_of(conversation), infer_task)
    queued = queued + 1
  end
end

local function record_job(id, conversation, gateway, expires_at, tone_due, idempotency)
  redis.call('HSET', JOB .. id, 'state', 'queued', 'conversation', conversation,
    'watchers', gateway == '' and '' or gateway .. ' ', 'expires_at', expires_at,
    unpack(tone_due and {'tone_due', 1} or {}))
  redis.call('EXPIRE', JOB .. id, job_ttl)
  if idempotency then
    local first = table.concat({idempotency.digest, id, conversation}, '\n')
    redis.call('SET', idempotency.key, first, 'EX', job_ttl)
  end
end

-- Return how many messages inference workers hold. Looked up once a call.
local function count_held()
  local held = 0
  for _, worker in ipairs(redis.call('ZRANGE', workers, 0, -1)) do
    held = held + redis.call('HLEN', LEASE .. worker)
  end
  return held
end

-- Fewer messages are one batch, whose replies would wait for their tones beside an idle engine.
local function leaves_tone_due()
  if enough == nil then
    enough = tonumber(redis.call('GET', TONES_SHARED) or math.huge)
    held = enough < math.huge and count_held() or 0
  end
  return held + queued >= enough
end

-- Mostly all jobs of a call are new, which one look at all tells.
local function is_known(id)
  if any_known == nil then
    local keys = {}
    for i = 9, 8 + 6 * jobs, 6 do bulk.append(keys, JOB .. ARGV[i], RESULT .. ARGV[i]) end
    any_known = bulk.call_for_keys('EXISTS', keys) > 0
  end
  return accepted[id] or any_known and redis.call('EXISTS', JOB .. id, RESULT .. id) > 0
end

local function enqueue(n)
  local i, idempotency = 3 + 6 * n, idempotency_keys[n]
  local id, conversation, infer_task, tone_task, gateway, expires_at = unpack(ARGV, i, i + 5)
  local tenant = tenant_of(conversation)
  if is_known(id) then return own_queued(tenant) end
  local wait_ms = rate_limits[n] and take_tokens(rate_limits[n]) or 0
  if wait_ms > 0 then return {-5, wait_ms} end
  local first = idempotency and find_idempotent_job(idempotency, id, gateway)
  if first then return first end
  local waiting = queued + parked
  if waiting > 0 and not capacity then measure_capacity() end
  if waiting > 0 and waiting >= capacity and not has_share_left(tenant) then
    return refuse(waiting)
  end
  local parked_ahead = parked > 0 and redis.call('LLEN', LANE_WAITING .. conversation) or 0
  if parked_ahead >= parked_limit then return -2 end
  local has_lane, tone_due = take_lane(conversation, id), tone_task ~= '' and leaves_tone_due()
  record_job(id, conversation, gateway, expires_at, tone_due, idempotency)
  accepted[id] = true
  if tone_task ~= '' and not tone_due then queue_tone_tasks(sentiment_queue, tenant, {tone_task}) end
  enqueue_or_park(conversation, id, infer_task, expires_at, has_lane, parked_ahead)
  waiting_names = nil
  return own_queued(tenant)
end

for i = 9 + 6 * jobs, 8 + 6 * jobs + 3 * keyed_jobs, 3 do
  local n, key, digest = unpack(ARGV, i, i + 2)
  idempotency_keys[tonumber(n)] = {key = IDEMPOTENCY .. key, digest = digest}
end
for i = 9 + 6 * jobs + 3 * keyed_jobs, #ARGV, 4 do
  local n, name, interval, burst = unpack(ARGV, i, i + 3)
  local bucket = {name = name, interval = tonumber(interval), burst = tonumber(burst)}
  rate_limits[tonumber(n)] = rate_limits[tonumber(n)] or {}
  table.insert(rate_limits[tonumber(n)], bucket)
  table.insert(buckets, bucket)
end
for n = 1, jobs do
  local ok, outcome = pcall(enqueue, n)
  if not ok then
    local text = tostring(type(outcome) == 'table' and outcome.err or outcome)
    local name = string.match(text, '^%-?(%u+)') or ''
    if name == 'READONLY' then return redis.error_reply(text) end
    redis.log(redis.LOG_WARNING, 'parley: ' .. text)
    outcome = {-3, name}
  end
  outcomes[n] = outcome
end
for _, bucket in ipairs(buckets) do
  table.insert(outcomes, {bucket.tokens or -1, bucket.full_in_ms or 0})
end
return outcomes
