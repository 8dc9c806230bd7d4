-- Move a dead letter's message back to the tail of its queue, or do nothing if the letter is gone.
-- What is left of the job's first run goes too: a stored result would end the new attempt unread.
--
-- KEYS[1]   dead letters
-- KEYS[2]   the queue
-- KEYS[3..] keys that are left of the first run
-- ARGV[1]   the dead letter as it is stored
-- ARGV[2]   the message to put on the queue
--
-- Returns 1 if the message was moved, 0 if the letter is gone.
local dead_letters, queue = unpack(KEYS, 1, 2)
local letter, message = unpack(ARGV, 1, 2)
if redis.call('LREM', dead_letters, 1, letter) == 0 then return 0 end
for i = 3, #KEYS do redis.call('DEL', KEYS[i]) end
redis.call('LPUSH', queue, message)
return 1
