-- Erase a user: what they wrote, and the conversations they took part in, whoever else did.
-- A call erases a bounded number of conversations, so that no call holds Redis up for long.
--
-- @include erasure.lua
-- @include memory.lua
--
-- ARGV[1] user
-- ARGV[2] conversations to erase at most
-- ARGV[3] notification and
-- ARGV[4] Celery result, both with <job> in place of a job's id, the latter with <tenant> too
-- ARGV[5] TTL of a stored result, seconds; longer than any job may take
--
-- Keys made from arguments: parley:user-conversations:*, those of erasure.lua and memory.lua
-- Returns {conversations, jobs}: which were erased, and the jobs of their turns and those that were
-- ended. There may be more conversations unless these are fewer than asked for.
local user, limit, notification, result, result_ttl = unpack(ARGV, 1, 5)
local jobs = {}

local conversations = forget_user(user, tonumber(limit))
for _, conversation in ipairs(conversations) do
  erase_conversation(conversation, notification, result, result_ttl, jobs, {})
  redis.call('ZREM', USER_CONVERSATIONS .. user, conversation)
end
flush_notifications()
return {conversations, jobs}
