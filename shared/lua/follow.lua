-- Follow jobs: show how far each has come, and let a gateway hear of every further step of it.
--
-- @include flows.lua
-- @include followers.lua
-- @include keys.lua
-- @include results.lua
-- @include tenants.lua
--
-- KEYS[1] inference queue
-- ARGV[1] gateway
-- ARGV[2] TTL of the wish to hear of a tone, seconds
-- ARGV[3..] two per job: job id, how many bytes of its reply's text are known
--
-- Keys made from arguments: parley:job:*, parley:tone:*, parley:tone-wanted:*, parley:reply-text:*,
--   celery-task-meta-*
-- Returns for each job: false if it is not known, also of a job that a Celery client sent for a
--   tenant; {Celery result} if it has ended; else {state, conversation, tone as JSON or '', further
--   text, messages of its tenant that wait on the inference queue, expires_at or ''}
local queue = KEYS[1]
local gateway, tone_ttl = unpack(ARGV, 1, 2)
local found = {}

local function follow(id, known_bytes)
  if has_result(id) then return {redis.call('GET', RESULT .. id)} end
  local state, conversation, expires_at =
    unpack(redis.call('HMGET', JOB .. id, 'state', 'conversation', 'expires_at'))
  if not state or conversation and tenant_of(conversation) ~= tenant_of(id) then return false end
  add_gateway(id, 'watchers', gateway)
  add_gateway(id, 'followers', gateway)
  local tone = redis.call('GET', TONE .. id)
  if not tone then redis.call('SET', TONE_SUBSCRIPTION .. id, FOLLOWERS, 'NX', 'EX', tone_ttl) end
  local text = redis.call('GETRANGE', REPLY_TEXT .. id, known_bytes, -1)
  return {state, conversation or '', tone or '', text, count_flow(queue, tenant_of(id)),
    expires_at or ''}
end

for i = 3, #ARGV, 2 do
  local id, known_bytes = unpack(ARGV, i, i + 1)
  found[#found + 1] = follow(id, known_bytes)
end
return found
