-- Library: put tone tasks on the sentiment queue.
--
-- @include flows.lua
-- @include keys.lua

-- Without sentiment workers the oldest tasks of the tenant are dropped: their replies were sent
-- without a tone.
local function queue_tone_task(queue, tenant, task)
  if queue_message(queue, tenant, task) > MAX_TONES then
    redis.call('LTRIM', flow_of(queue, tenant), 0, MAX_TONES - 1)
  end
end

