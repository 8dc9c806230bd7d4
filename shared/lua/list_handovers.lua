-- List handovers, the oldest first.
--
-- @include keys.lua
--
-- KEYS[1] index of the state that is wanted
-- ARGV[1] how many at most
-- ARGV[2] '', or the opened_at and
-- ARGV[3] conversation after which the page begins
--
-- Keys made from arguments: parley:handover:*
-- Returns a list of {field, value, ...}, one for each handover, the fields as the hash has them;
--   one more than asked for if there are more.
local index = KEYS[1]
local limit, opened_at, after = unpack(ARGV, 1, 3)
local found = {}

-- If the last one of the page before has left the index, those opened with it may come twice.
local function first_place()
  if opened_at == '' then return 0 end
  local place = redis.call('ZRANK', index, after)
  return place and place + 1 or redis.call('ZCOUNT', index, '-inf', '(' .. opened_at)
end

local place, wanted = first_place(), limit + 1
while #found < wanted do
  local conversations = redis.call('ZRANGE', index, place, place + wanted - 1)
  for _, conversation in ipairs(conversations) do
    local record = redis.call('HGETALL', HANDOVER .. conversation)
    if #record > 0 and #found < wanted then found[#found + 1] = record end
  end
  if #conversations < wanted then break end
  place = place + wanted
end
return found
