-- Take a task that ended and whose follow-ups are to be sent; it is due again if its sender dies.
--
-- KEYS[1] tasks that ended
-- KEYS[2] those that are being sent, by when they are due again
-- ARGV[1] time, Unix seconds
-- ARGV[2] when it is due again, Unix seconds
--
-- Returns the task, or false if none is due.
local waiting, sending = unpack(KEYS, 1, 2)
local now, due_again = unpack(ARGV, 1, 2)

local task = redis.call('ZRANGEBYSCORE', sending, '-inf', now, 'LIMIT', 0, 1)[1]
  or redis.call('LPOP', waiting)
if task then redis.call('ZADD', sending, due_again, task) end
return task
