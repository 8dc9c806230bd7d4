-- Erase a conversation, and end its jobs as cancelled.
--
-- @include erasure.lua
--
-- ARGV[1] conversation
-- ARGV[2] notification and
-- ARGV[3] Celery result, both with <job> in place of a job's id, the latter with <tenant> too
-- ARGV[4] TTL of a stored result, seconds; longer than any job may take
-- ARGV[5..] jobs of it that may be known by their messages alone: no worker has met them
--
-- Keys made from arguments: those of erasure.lua
-- Returns the jobs of its turns, and those that it ended.
local conversation, notification, result, result_ttl = unpack(ARGV, 1, 4)
local jobs, unclaimed = {}, {}

for i = 5, #ARGV do unclaimed[#unclaimed + 1] = ARGV[i] end
erase_conversation(conversation, notification, result, result_ttl, jobs, unclaimed)
flush_notifications()
return jobs
