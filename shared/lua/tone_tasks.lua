-- Library: put tone tasks on the sentiment queue.
--
-- @include keys.lua

-- Without sentiment workers the oldest tasks are dropped: their replies were sent without a tone.
local function queue_tone_task(queue, task)
  if redis.call('LPUSH', queue, task) > MAX_TONES then
    redis.call('LTRIM', queue, 0, MAX_TONES - 1)
  end
end

