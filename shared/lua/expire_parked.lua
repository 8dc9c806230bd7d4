-- Look after parked jobs whose expires_at is past. Each goes back to the head of the queue, and the
-- worker that leases it ends it as expired. A job without a deadline keeps its place, since going
-- back would lose it; if its lane has expired, the first job that is parked there gets the lane.
--
-- @include flows.lua
-- @include lanes.lua
-- @include tenants.lua
--
-- KEYS[1] inference queue
-- ARGV[1] time, Unix seconds
-- ARGV[2] how many at most
-- ARGV[3] lane TTL, seconds
-- ARGV[4] when to look again at a job without a deadline, Unix seconds
--
-- Keys made from arguments: parley:lane:*, parley:parked, those of lanes.lua
-- Returns how many jobs it looked at.
local queue = KEYS[1]
local now, limit, lane_ttl, next_look = unpack(ARGV, 1, 4)

local function has_deadline(message)
  local decoded, envelope = pcall(cjson.decode, message)
  return decoded and type(envelope.headers.expires) == 'string'
end

local function keep(conversation, id)
  redis.call('ZREM', PARKED, former_parked_member(conversation, id))
  redis.call('ZADD', PARKED, next_look, parked_member(conversation, id))
  if redis.call('EXISTS', LANE .. conversation) == 0 then
    promote(queue, conversation, lane_ttl)
  end
end

local function look_after(conversation, id)
  local message = find_parked(conversation, id)
  if message and not has_deadline(message) then
    keep(conversation, id)
  elseif withdraw(conversation, id) then
    return_message(queue, tenant_of(conversation), message)
  end
end

local expired = redis.call('ZRANGEBYSCORE', PARKED, '-inf', now, 'LIMIT', 0, limit)
for i = #expired, 1, -1 do
  local conversation, id = read_parked_member(expired[i])
  if id then look_after(conversation, id) else redis.call('ZREM', PARKED, expired[i]) end
end
return #expired
