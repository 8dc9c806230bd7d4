-- Return what waits for a second look to the head of the inference queue, in its old order, if no
-- worker lives that could look at it. Its messages say that they were handed over once.
--
-- @include keys.lua
--
-- KEYS[1] queue of second looks
-- KEYS[2] sorted set of its workers
-- KEYS[3] inference queue
-- ARGV[1] how many at most; the newest go first, so that what is left comes before them
--
-- Keys made from members: parley:worker:*
-- Returns how many were returned.
local queue, workers, inference_queue = unpack(KEYS, 1, 3)
local limit = ARGV[1]
local returned = 0

local function is_served()
  for _, worker in ipairs(redis.call('ZRANGE', workers, 0, -1)) do
    if redis.call('EXISTS', WORKER .. worker) == 1 then return true end
  end
  return false
end

if redis.call('EXISTS', queue) == 0 or is_served() then return 0 end
while returned < tonumber(limit) and redis.call('LMOVE', queue, inference_queue, 'LEFT', 'RIGHT') do
  returned = returned + 1
end
return returned
