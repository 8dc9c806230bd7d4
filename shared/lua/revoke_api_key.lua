-- Forget an API key.
--
-- @include keys.lua
--
-- KEYS[1] index of the API keys by id
-- ARGV[1] the key's id
--
-- Keys made from arguments: parley:api-key:*
-- Returns 1, or 0 if there is no such key.
local index = KEYS[1]
local id = ARGV[1]

local digest = redis.call('HGET', index, id)
if not digest then return 0 end
redis.call('DEL', API_KEY .. digest)
return redis.call('HDEL', index, id)
