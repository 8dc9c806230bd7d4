-- Move a dead letter's message back to the tail of its queue, or do nothing if the letter is gone.
-- What is left of the job's first run goes too: a stored result would end the new attempt unread.
--
-- @include flows.lua
--
-- KEYS[1]   dead letters
-- KEYS[2]   the queue
-- KEYS[3..] keys that are left of the first run
-- ARGV[1]   the dead letter as it is stored
-- ARGV[2]   the message to put on the queue
-- ARGV[3]   the tenant in whose flow it waits
--
-- Returns 1 if the message was moved, 0 if the letter is gone.
local dead_letters, queue = unpack(KEYS, 1, 2)
local letter, message, tenant = unpack(ARGV, 1, 3)
if redis.call('LREM', dead_letters, 1, letter) == 0 then return 0 end
for i = 3, #KEYS do redis.call('DEL', KEYS[i]) end
queue_message(queue, tenant, message)
return 1
