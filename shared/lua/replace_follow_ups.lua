-- Put other texts in place of tasks that ended and whose follow-ups are to be sent.
-- One that a living sender holds is left to it: it forgets it by its text.
--
-- KEYS[1] tasks that ended
-- KEYS[2] those that are being sent, by when they are due again
-- ARGV[1] time, Unix seconds
-- ARGV[2..] two per task: its text, the other text
--
-- Returns nothing.
local waiting, sending = unpack(KEYS, 1, 2)
local now = ARGV[1]

for i = 2, #ARGV, 2 do
  local text, other = unpack(ARGV, i, i + 1)
  local due_again = redis.call('ZSCORE', sending, text)
  if redis.call('LREM', waiting, 1, text) == 1 then
    redis.call('RPUSH', waiting, other)
  elseif due_again and tonumber(due_again) <= tonumber(now) then
    redis.call('ZREM', sending, text)
    redis.call('ZADD', sending, due_again, other)
  end
end
