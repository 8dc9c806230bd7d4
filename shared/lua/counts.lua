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

-- An empty field counts nothing.
local function count_entry(field)
  if field ~= '' then entry_sums[field] = (entry_sums[field] or 0) + 1 end
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

-- A conversation counts as resolved if its last turn was, and was not rated badly.
local function outcome_field(segment, resolved, rated_badly)
  local good = resolved == '1' and rated_badly ~= '1'
  return segment .. '|resolved=' .. (good and '1' or '0')
end

local function read_outcome(conversation)
  local record = redis.call('GET', OUTCOME .. conversation)
  return string.match(record or '', '^(.-)\n(.-)\n(.-)\n(.-)\n(.*)$')
end

local function count_outcome(conversation, id, day, segment, resolved, ttl)
  local last_day, last_segment, last_resolved, rated_badly = read_outcome(conversation)
  if last_day then uncount(last_day, outcome_field(last_segment, last_resolved, rated_badly)) end
  count(outcome_field(segment, resolved, '0'), 1)
  local record = table.concat({day, segment, resolved, '0', id}, '\n')
  redis.call('SET', OUTCOME .. conversation, record, 'EX', ttl)
end

-- Let a rating of a conversation's last turn change how the conversation counts; '1' if it is bad.
local function rate_outcome(conversation, id, rated_badly)
  local day, segment, resolved, was_rated_badly, last_id = read_outcome(conversation)
  if last_id ~= id or was_rated_badly == rated_badly then return end
  local before, after = outcome_field(segment, resolved, was_rated_badly),
    outcome_field(segment, resolved, rated_badly)
  if before ~= after and redis.call('EXISTS', COUNTS .. day) == 1 then
    uncount(day, before)
    add(COUNTS .. day, after, 1)
  end
  local record = table.concat({day, segment, resolved, rated_badly, id}, '\n')
  redis.call('SET', OUTCOME .. conversation, record, 'KEEPTTL')
end

-- Count a job; `facts` is what encode_facts of shared/counts.py returns.
local function count_facts(conversation, id, day, facts, ttl)
  local segment, resolved, entry, fields = string.match(facts, '^(.-)\n(.-)\n(.-)\n(.*)$')
  for amount, field in string.gmatch(fields, '(%d+) ([^\n]+)') do count(field, tonumber(amount)) end
  count_entry(entry)
  if resolved ~= '' then count_outcome(conversation, id, day, segment, resolved, ttl) end
end
