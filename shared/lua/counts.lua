-- Library: count what jobs were like, by day; shared/counts.py has the names of the fields.
-- What one call counts is summed up first: the jobs of a batch have most fields in common. Whoever
-- includes this library calls flush_counts at the end.
--
-- @include keys.lua
--
-- Keys made from arguments: parley:counts:*, parley:entry-counts:*, parley:outcome:*
local sums, entry_sums = {}, {}

local function count(field, amount)
  sums[field] = (sums[field] or 0) + amount
end

local function count_entry(field)
  entry_sums[field] = (entry_sums[field] or 0) + 1
end

local function add(key, field, amount)
  if amount == 0 then return false end
  local is_new = redis.call('HINCRBY', key, field, amount) == amount
  if is_new then redis.call('EXPIRE', key, REPORT_TTL_SECONDS) end
  return is_new
end

local function add_entry(key, field, amount)
  if not add(key, field, amount) then return end
  if redis.call('HLEN', key) <= MAX_ENTRY_COUNTS then return end
  redis.call('HDEL', key, field)
  redis.call('HINCRBY', key, 'other', amount)
end

local function flush_counts(day)
  for field, amount in pairs(sums) do add(COUNTS .. day, field, amount) end
  for field, amount in pairs(entry_sums) do add_entry(ENTRY_COUNTS .. day, field, amount) end
end

-- Take back what was counted on a day, if that day is still kept.
local function uncount(day, field)
  if redis.call('EXISTS', COUNTS .. day) == 1 then redis.call('HINCRBY', COUNTS .. day, field, -1) end
end

local function uncount_entry(day, field)
  local key = ENTRY_COUNTS .. day
  if redis.call('HEXISTS', key, field) == 1 then redis.call('HINCRBY', key, field, -1) end
end

-- An outcome is the field under which a conversation counts; a bad rating of its last turn makes
-- it unresolved. The record has its day, the outcome, 1 if it was rated badly, and the last job.
local function counted_outcome(outcome, rated_badly)
  return rated_badly == '1' and string.gsub(outcome, 'resolved=1$', 'resolved=0') or outcome
end

local function read_outcome(record)
  return string.match(record or '', '^(.-)\n(.-)\n(.-)\n(.*)$')
end

local function count_outcome(conversation, id, day, outcome, ttl)
  local record = day .. '\n' .. outcome .. '\n0\n' .. id
  local last = redis.call('SET', OUTCOME .. conversation, record, 'EX', ttl, 'GET')
  count(outcome, 1)
  if not last then return end
  local last_day, last_outcome, rated_badly = read_outcome(last)
  if last_day == day then
    count(counted_outcome(last_outcome, rated_badly), -1)
  else
    uncount(last_day, counted_outcome(last_outcome, rated_badly))
  end
end

-- Let a rating of a conversation's last turn change how the conversation counts; '1' if it is bad.
local function rate_outcome(conversation, id, rated_badly)
  local day, outcome, was_rated_badly, last_id = read_outcome(redis.call('GET', OUTCOME .. conversation))
  if last_id ~= id or was_rated_badly == rated_badly then return end
  local before, after = counted_outcome(outcome, was_rated_badly), counted_outcome(outcome, rated_badly)
  if before ~= after and redis.call('EXISTS', COUNTS .. day) == 1 then
    uncount(day, before)
    add(COUNTS .. day, after, 1)
  end
  local record = table.concat({day, outcome, rated_badly, id}, '\n')
  redis.call('SET', OUTCOME .. conversation, record, 'KEEPTTL')
end
