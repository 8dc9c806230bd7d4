-- Library: count what jobs were like, by day; shared/counts.py has the names of the fields.
-- Each tenant has counts of its own. What one call counts is summed up first: the jobs of a batch have most fields in common. Whoever
-- includes this library calls flush_counts at the end.
--
-- @include keys.lua
-- @include tenants.lua
--
-- Keys made from arguments: parley:counts:*, parley:entry-counts:*, parley:outcome:*
local sums, entry_sums = {}, {}

local function add_up(sums_by_tenant, tenant, field, amount)
  local own = sums_by_tenant[tenant] or {}
  sums_by_tenant[tenant] = own
  own[field] = (own[field] or 0) + amount
end

local function count(tenant, field, amount)
  add_up(sums, tenant, field, amount)
end

local function count_entry(tenant, field, amount)
  add_up(entry_sums, tenant, field, amount)
end

-- Count a list of fields, each with its amount after it.
local function count_each(count_one, tenant, amounts)
  for i = 1, #amounts, 2 do count_one(tenant, amounts[i], amounts[i + 1]) end
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
  redis.call('HINCRBY', key, string.gsub(field, '|entry=.*$', '|other', 1), amount)
end

local function flush_counts(day)
  for tenant, own in pairs(sums) do
    local key = COUNTS .. scoped(tenant, day)
    for field, amount in pairs(own) do add(key, field, amount) end
    know_tenant(tenant)
  end
  for tenant, own in pairs(entry_sums) do
    local key = ENTRY_COUNTS .. scoped(tenant, day)
    for field, amount in pairs(own) do add_entry(key, field, amount) end
  end
end

-- Take back what was counted for a tenant on a day, if that day is still kept.
local function uncount(tenant, day, field)
  local key = COUNTS .. scoped(tenant, day)
  if redis.call('EXISTS', key) == 1 then redis.call('HINCRBY', key, field, -1) end
end

local function uncount_entry(tenant, day, field)
  local key = ENTRY_COUNTS .. scoped(tenant, day)
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
  local tenant = tenant_of(conversation)
  count(tenant, outcome, 1)
  if not last then return end
  local last_day, last_outcome, rated_badly = read_outcome(last)
  if last_day == day then
    count(tenant, counted_outcome(last_outcome, rated_badly), -1)
  else
    uncount(tenant, last_day, counted_outcome(last_outcome, rated_badly))
  end
end

-- Let a rating of a conversation's last turn change how the conversation counts; '1' if it is bad.
local function rate_outcome(conversation, id, rated_badly)
  local day, outcome, was_rated_badly, last_id = read_outcome(redis.call('GET', OUTCOME .. conversation))
  if last_id ~= id or was_rated_badly == rated_badly then return end
  local before, after = counted_outcome(outcome, was_rated_badly), counted_outcome(outcome, rated_badly)
  local tenant = tenant_of(conversation)
  local key = COUNTS .. scoped(tenant, day)
  if before ~= after and redis.call('EXISTS', key) == 1 then
    uncount(tenant, day, before)
    add(key, after, 1)
  end
  local record = table.concat({day, outcome, rated_badly, id}, '\n')
  redis.call('SET', OUTCOME .. conversation, record, 'KEEPTTL')
end
