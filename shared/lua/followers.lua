-- Library: the gateways that hear of a job: of its end (watchers), of each step until then
-- (followers).
-- Whoever announces steps calls flush_notifications at the end.
--
-- @include keys.lua
-- @include notifications.lua
--
-- Keys made from arguments: parley:job:*
-- Channels: parley:replies:* (with flush_notifications)

local FOLLOWERS = 'followers'  -- in place of a channel: the gateways that follow the job

local function add_gateway(id, field, gateway)
  local known = redis.call('HGET', JOB .. id, field) or ''
  if gateway == '' or string.find(' ' .. known, ' ' .. gateway .. ' ', 1, true) then return end
  redis.call('HSET', JOB .. id, field, known .. gateway .. ' ')
end

-- Only that there is news is sent: a gateway reads what it is, so nothing is lost with a message.
local function announce_to(followers, id)
  if not followers then return end
  for gateway in string.gmatch(followers, '%S+') do
    queue_notification(REPLIES .. gateway, id .. '\tstarted\t{}')
  end
end

local function announce_step(id)
  announce_to(redis.call('HGET', JOB .. id, 'followers'), id)
end

