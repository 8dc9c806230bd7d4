-- Complete chat jobs: every effect of each job exactly once, or none.
-- A job whose lease this worker has lost is left alone; one that has a result already only gives up
-- its lease and its lane.
--
-- @include bulk.lua
-- @include capped.lua
-- @include counts.lua
-- @include dead_letters.lua
-- @include flows.lua
-- @include handovers.lua
-- @include indexed.lua
-- @include lanes.lua
-- @include lease_tokens.lua
-- @include memory.lua
-- @include results.lua
-- @include tenants.lua
-- @include throughput.lua
--
-- KEYS[1] lease hash of this worker
-- KEYS[2] inference queue
-- KEYS[3] dead letters
-- KEYS[4] throughput
-- ARGV[1] result TTL, seconds
-- ARGV[2] conversation TTL, seconds
-- ARGV[3] turns kept per conversation
-- ARGV[4] dead letters kept
-- ARGV[5] lane TTL, seconds
-- ARGV[6] records kept in a memory
-- ARGV[7] memory TTL, seconds
-- ARGV[8] today (UTC), as 2026-01-31
-- ARGV[9..] twenty-three per job: token, job id or '', conversation id or '', gateway or '', notification,
--           Celery result, user turn or '', assistant turn or '' (a person answers), dialogue or '',
--           dead letter or '', memory record or '', owner of the memory, its user or '', opening of
--           a handover or '', and what is counted, each a field or '': of the reply (or failure),
--           of its time, of the sum of times, the milliseconds to add to that, of the entry, of the
--           conversation; gap or ''; what putting it into words cost, or '': JSON of four lists of
--           fields, each with its amount after it: of the tenant and the entry if the reply goes
--           out, and of both in any case; what is to follow its end, as a task that ended, or ''
--
-- Keys made from arguments: parley:turns:*, parley:dialogue:*, parley:reply-text:*, parley:gaps, parley:gaps:*, those of
--   counts.lua, parley:follow-ups, parley:followed-up:*, handovers.lua, lanes.lua, memory.lua and results.lua
-- Returns for each job: applied, lost (also where it went back to the queue) or duplicate.
local leases, queue, dead_letters, throughput = unpack(KEYS, 1, 4)
local result_ttl, conversation_ttl, max_turns, max_dead_letters, lane_ttl,
  max_records, memory_ttl, today = unpack(ARGV, 1, 8)
local known_seconds = math.max(memory_ttl, conversation_ttl)  -- who took part
local MAX_GAPS_OF_ONE = 20
local held, verdicts, completed = held_tokens(leases), {}, 0
local ended_ids, ended_in, outlived = {}, {}, {}  -- jobs, their conversations, keys to be deleted

local function append_turns(conversation, asked, answered, dialogue)
  local turns = answered == '' and {asked} or {asked, answered}
  append_capped(TURNS .. conversation, turns, tonumber(max_turns), conversation_ttl)
  if dialogue ~= '' then
    redis.call('SET', DIALOGUE .. conversation, dialogue, 'EX', conversation_ttl)
  end
end

local function keep_gap(conversation, gap)
  redis.call('RPUSH', GAPS_OF .. conversation, gap)
  redis.call('LTRIM', GAPS_OF .. conversation, -MAX_GAPS_OF_ONE, -1)
  keep_indexed(GAPS, GAPS_OF, conversation, unix_seconds(), MAX_GAPS)
end

-- What a model has written is paid for, whether its reply goes out or not.
local function count_cost(conversation, cost, goes_out)
  if cost == '' then return end
  local tenant, lists = tenant_of(conversation), cjson.decode(cost)
  if goes_out then
    count_each(count, tenant, lists[1])
    count_each(count_entry, tenant, lists[2])
  end
  count_each(count, tenant, lists[3])
  count_each(count_entry, tenant, lists[4])
end

-- A person may have taken the conversation, or closed its handover, since the job was claimed: then
-- what was decided does not hold, and the message is looked at again, before any later one.
local function return_to_queue(token, conversation, cost)
  if not held[token] then return end
  return_message(queue, tenant_of(conversation), redis.call('HGET', leases, token))
  count_cost(conversation, cost, false)
end

-- Once for each job, whoever stored its end, and however often its message comes.
local function follow_up(id, ended_task)
  if redis.call('SET', FOLLOWED_UP .. id, 1, 'NX', 'EX', result_ttl) then
    redis.call('RPUSH', FOLLOW_UPS, ended_task)
  end
end

local function complete(i)
  local token, id, conversation, gateway, notification, result, asked, answered, dialogue, dead,
    record, owner, user, opening, reply, time, time_sum, milliseconds, entry,
    outcome, gap, cost, ended_task = unpack(ARGV, i, i + 22)
  local silent = answered == ''
  if conversation ~= '' and asked ~= '' and silent ~= has_person(conversation) then
    return_to_queue(token, conversation, cost)
    return 'lost'
  end
  if not held[token] then return 'lost' end
  local ended = id ~= '' and has_result(id)
  count_cost(conversation, cost, not ended)
  if ended then
    bulk.append(outlived, REPLY_TEXT .. id)  -- Celery's own tools store an end, and leave this
    if asked == '' then report_revoked(id, notification) end
  else
    if dead ~= '' then push_dead_letter(dead_letters, dead, max_dead_letters) end
    if id ~= '' then
      record_end(id, gateway, notification, result, result_ttl)
      bulk.append(outlived, keys_until_end(id))
    end
    if conversation ~= '' and asked ~= '' then
      append_turns(conversation, asked, answered, dialogue)
      if record ~= '' and tonumber(max_records) > 0 then
        remember(owner, record, max_records, memory_ttl)
      end
      if user ~= '' then take_part(user, conversation, known_seconds) end
      if silent then pass_to_person(conversation, asked, conversation_ttl) end
      if opening ~= '' then open_handover(conversation, opening, conversation_ttl) end
      if gap ~= '' then keep_gap(conversation, gap) end
      announce_conversation(conversation)
      completed = completed + 1
    end
    local tenant = tenant_of(conversation)
    if reply ~= '' then count(tenant, reply, 1) end
    if time ~= '' then
      count(tenant, time, 1)
      count(tenant, time_sum, tonumber(milliseconds))
    end
    if entry ~= '' then count_entry(tenant, entry, 1) end
    if outcome ~= '' then count_outcome(conversation, id, today, outcome, conversation_ttl) end
  end
  if ended_task ~= '' then follow_up(id, ended_task) end
  if conversation ~= '' then
    bulk.append(ended_ids, id)
    bulk.append(ended_in, conversation)
  end
  return ended and 'duplicate' or 'applied'
end

read_results(bulk.arguments(10, 23))
for i = 9, #ARGV, 23 do
  verdicts[#verdicts + 1] = complete(i)
  held[ARGV[i]] = nil
end
bulk.call('HDEL', leases, bulk.arguments(9, 23))
for _, lane in ipairs(release_all(queue, ended_ids, ended_in, lane_ttl)) do bulk.append(outlived, lane) end
bulk.call_for_keys('DEL', outlived)
flush_notifications()
flush_counts(today)
count_completed(throughput, completed, has_waiting(queue))
return verdicts
