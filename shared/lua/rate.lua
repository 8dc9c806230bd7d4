-- Keep what a person says of a reply, and count it; said again, it replaces what was said before.
-- Beyond the first of a conversation that are kept it is counted alone.
--
-- @include counts.lua
-- @include indexed.lua
-- @include tenants.lua
--
-- KEYS[1] the job's stored result
-- ARGV[1] job
-- ARGV[2] score
-- ARGV[3] 1 if the score is bad, else 0
-- ARGV[4] feedback up to its entry, as JSON: `{…,"entry":`
-- ARGV[5] Unix time
-- ARGV[6] the day of that time
--
-- Keys made from arguments: parley:turns:*, parley:feedback, parley:feedback:*, those of counts.lua
--   and memory.lua
-- Returns 1, or 0 if there is no reply of this job, or its conversation is no longer kept.
local MAX_FEEDBACK_OF_ONE = 200  -- as many as turns
local result = KEYS[1]
local id, score, is_bad, open_feedback, now, day = unpack(ARGV, 1, 6)
local tenant = tenant_of(id)

-- Return the job's reply; nil if there is none, or it is not of the tenant that the id names.
-- Celery clients store results too, of any form.
local function read_reply()
  local decoded, meta = pcall(cjson.decode, redis.call('GET', result) or '')
  if not decoded or type(meta) ~= 'table' or meta.status ~= 'SUCCESS' then return nil end
  local reply = meta.result
  if type(reply) ~= 'table' or type(reply.conversation_id) ~= 'string' then return nil end
  if (meta.tenant or tenant) ~= tenant then return nil end
  return redis.call('EXISTS', TURNS .. scoped(tenant, reply.conversation_id)) == 1 and reply or nil
end

local function entry_field(reply, value)
  local entry = type(reply.answer) == 'table' and reply.answer.id
  return type(entry) == 'string' and 'score=' .. value .. '|entry=' .. entry or nil
end

-- Return the feedback with the reply's entry and kind.
local function whole_feedback(reply)
  local answer = type(reply.answer) == 'table' and reply.answer or {}
  local function text_or_null(value)
    return type(value) == 'string' and cjson.encode(value) or 'null'
  end
  return open_feedback .. text_or_null(answer.id) .. ',"kind":' .. text_or_null(answer.kind) .. '}'
end

local reply = read_reply()
if not reply then return 0 end
local conversation = scoped(tenant, reply.conversation_id)
local segment = 'variant=' .. (reply.variant or 'bert') .. '|encoder=' .. (reply.encoder or 'small')

local before = redis.call('HGET', FEEDBACK_OF .. conversation, id)
if before then
  local last = cjson.decode(before)
  uncount(tenant, last.day, segment .. '|score=' .. last.score)
  if entry_field(reply, '') then uncount_entry(tenant, last.day, entry_field(reply, last.score)) end
end
count(tenant, segment .. '|score=' .. score, 1)
if entry_field(reply, '') then count_entry(tenant, entry_field(reply, score), 1) end
flush_counts(day)
rate_outcome(conversation, id, is_bad)
if before or redis.call('HLEN', FEEDBACK_OF .. conversation) < MAX_FEEDBACK_OF_ONE then
  redis.call('HSET', FEEDBACK_OF .. conversation, id, whole_feedback(reply))
end
keep_indexed(FEEDBACK, FEEDBACK_OF, conversation, now, MAX_FEEDBACK)
return 1
