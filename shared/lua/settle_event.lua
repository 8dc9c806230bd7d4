-- Record what came of a try to deliver an event.
--
-- @include dead_letters.lua
-- @include outbox.lua
--
-- KEYS[1] conversations with events, by due time
-- KEYS[2] dead letters
-- ARGV[1] conversation
-- ARGV[2] the entry as take_event.lua returned it
-- ARGV[3] Unix time of the next try, or '' for none
-- ARGV[4] the entry for the next try
-- ARGV[5] dead letter or ''
-- ARGV[6] dead letters kept
--
-- Keys made from arguments: parley:outbox-events:*, those of outbox.lua
-- Returns 1; 0 if the event is gone: another sender was faster, or the conversation was erased.
local outbox, dead_letters = unpack(KEYS, 1, 2)
local conversation, entry, due_at, next_entry, letter, max_letters = unpack(ARGV, 1, 6)
local list = OUTBOX_EVENTS .. conversation

if redis.call('LINDEX', list, 0) ~= entry then return 0 end
if due_at ~= '' then
  redis.call('LSET', list, 0, next_entry)
  redis.call('ZADD', outbox, due_at, conversation)
  return 1
end
redis.call('LPOP', list)
if letter ~= '' then push_dead_letter(dead_letters, letter, max_letters) end
if redis.call('EXISTS', list) == 1 then
  redis.call('ZADD', outbox, 0, conversation)
else
  redis.call('ZREM', outbox, conversation)
end
return 1
