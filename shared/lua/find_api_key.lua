-- Return what is known of an API key, and note that it was used.
--
-- KEYS[1] the key's hash
-- ARGV[1] the day (UTC)
--
-- Returns the hash's fields and values in turn; nothing if there is no such key. The note is not
-- worth a refusal: without room for it the key is returned all the same.
local key = KEYS[1]
local day = ARGV[1]

if redis.call('EXISTS', key) == 1 and redis.call('HGET', key, 'last_used') ~= day then
  redis.pcall('HSET', key, 'last_used', day)
end
return redis.call('HGETALL', key)
