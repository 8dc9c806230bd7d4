-- Take a token from each of some buckets, or from none.
--
-- @include rate_limits.lua
--
-- ARGV[1] n, the number of buckets
-- ARGV[2..1+3n] three per bucket: its name; microseconds in which a token comes in; how many it
--          holds
--
-- Keys made from arguments: parley:rate-limit:*
-- Returns the milliseconds until each has a token, 0 if one was taken; then two per bucket: tokens
--   left, milliseconds until it is full. Called again after a lost connection it takes once more.
local count = ARGV[1]
local buckets = {}

for i = 2, 1 + 3 * count, 3 do
  local name, interval, burst = unpack(ARGV, i, i + 2)
  table.insert(buckets, {name = name, interval = tonumber(interval), burst = tonumber(burst)})
end

local answer = {take_tokens(buckets)}
for _, bucket in ipairs(buckets) do
  table.insert(answer, bucket.tokens)
  table.insert(answer, bucket.full_in_ms)
end
return answer
