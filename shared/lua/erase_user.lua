-- Erase a user: what they wrote, and the conversations they took part in, whoever else did.
--
-- @include erasure.lua
-- @include memory.lua
--
-- ARGV[1] user
-- ARGV[2] notification and
-- ARGV[3] Celery result, both with <job> in place of a job's id, the latter with <tenant> too
-- ARGV[4] TTL of a stored result, seconds; longer than any job may take
--
-- Keys made from arguments: those of erasure.lua and memory.lua
-- Returns how many conversations were erased.
local user, notification, result, result_ttl = unpack(ARGV, 1, 4)

local conversations = forget_user(user)
for _, conversation in ipairs(conversations) do
  erase_conversation(conversation, notification, result, result_ttl)
end
flush_notifications()
return #conversations
