-- Library: conversation lanes, which keep the jobs of one conversation in order.
-- A lane is held by the only job of its conversation that may run. The others are parked behind it,
-- in order of acceptance; each has an entry in the sorted set PARKED, scored by its expires_at.
--
-- @include bulk.lua
-- @include flows.lua
-- @include keys.lua
-- @include tenants.lua
--
-- Keys made from arguments: parley:lane:*, parley:lane-waiting:*, parley:parked,
--   parley:parked-counts

-- No id holds a line break, so it parts what is written together.
local function parked_member(conversation, id)
  return conversation .. '\n' .. id
end

-- As earlier versions wrote it, whose ids held no blank.
local function former_parked_member(conversation, id)
  return conversation .. ' ' .. id
end

-- How many jobs of a tenant are parked is counted where there are tenants.
local function count_parked(conversation, amount)
  local tenant = tenant_of(conversation)
  if tenant == DEFAULT_TENANT then return end
  if redis.call('HINCRBY', PARKED_COUNTS, tenant, amount) == 0 then
    redis.call('HDEL', PARKED_COUNTS, tenant)
  end
end

local function unlist_parked(conversation, id)
  local members = {parked_member(conversation, id), former_parked_member(conversation, id)}
  if redis.call('ZREM', PARKED, unpack(members)) == 0 then return false end
  count_parked(conversation, -1)
  return true
end

local function parked_of(tenant)
  if tenant ~= DEFAULT_TENANT then
    return tonumber(redis.call('HGET', PARKED_COUNTS, tenant) or 0)
  end
  local parked = redis.call('ZCARD', PARKED)
  for _, of_other in ipairs(redis.call('HVALS', PARKED_COUNTS)) do parked = parked - of_other end
  return parked
end

local function read_parked_member(member)
  local conversation, id = string.match(member, '^([^\n]+)\n([^\n]+)$')
  if id then return conversation, id end
  return string.match(member, '^(%S+) (%S+)$')
end

-- Park a job behind the others; a job that is parked already keeps its place.
local function park(conversation, id, message, expires_at)
  if redis.call('ZADD', PARKED, expires_at, parked_member(conversation, id)) == 0 then return end
  redis.call('RPUSH', LANE_WAITING .. conversation, id .. '\n' .. message)
  count_parked(conversation, 1)
end

-- Give the lane to the job that is parked longest and queue it; false if none is parked.
local function promote(queue, conversation, lane_ttl)
  local waiting = redis.call('LPOP', LANE_WAITING .. conversation)
  if not waiting then return false end
  local separator = string.find(waiting, '\n', 1, true)
  local id = string.sub(waiting, 1, separator - 1)
  unlist_parked(conversation, id)
  redis.call('SET', LANE .. conversation, id, 'EX', lane_ttl)
  return_message(queue, tenant_of(conversation), string.sub(waiting, separator + 1))
  return true
end

-- Pass the lane on if this job holds it or no job does.
local function release(queue, conversation, id, lane_ttl)
  local holder = redis.call('GET', LANE .. conversation)
  if holder and holder ~= id then return end
  if not promote(queue, conversation, lane_ttl) and holder then
    redis.call('DEL', LANE .. conversation)
  end
end

-- Pass on the lanes of some jobs, each with its conversation; return the keys of those to be deleted.
-- Mostly nothing is parked, so that nobody is next and all are looked up at once.
local function release_all(queue, ids, conversations, lane_ttl)
  local free, holders = {}, nil  -- holders: nil if something is parked
  if redis.call('ZCARD', PARKED) == 0 then holders = bulk.read_strings(LANE, conversations) end
  for i, conversation in ipairs(conversations) do
    if not holders then
      release(queue, conversation, ids[i], lane_ttl)
    elseif holders[conversation] == ids[i] then
      free[#free + 1] = LANE .. conversation
    end
  end
  return free
end

-- Return the message of a parked job; nil if it is not parked.
local function find_parked(conversation, id)
  local head = id .. '\n'
  for _, waiting in ipairs(redis.call('LRANGE', LANE_WAITING .. conversation, 0, -1)) do
    if string.sub(waiting, 1, #head) == head then return string.sub(waiting, #head + 1) end
  end
  return nil
end

-- Take a parked job out of its lane and return its message; nil if it is not parked.
local function withdraw(conversation, id)
  if not unlist_parked(conversation, id) then return nil end
  local message = find_parked(conversation, id)
  if message then
    redis.call('LREM', LANE_WAITING .. conversation, 1, id .. '\n' .. message)
  end
  return message
end

