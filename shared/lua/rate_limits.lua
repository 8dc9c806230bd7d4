-- Library: token buckets, by the clock of Redis.
--
-- @include keys.lua
--
-- A bucket's key holds the time in microseconds at which the bucket will be full; without a key it
-- is full. One number says all that a count and the time of the last refill would say, and the key
-- runs out by itself. The interval is the time in which one token comes in.
--
-- Keys made from arguments: parley:rate-limit:*

local microseconds_now

local function read_clock()
  if not microseconds_now then
    local seconds, microseconds = unpack(redis.call('TIME'))
    microseconds_now = tonumber(seconds) * 1000000 + tonumber(microseconds)
  end
  return microseconds_now
end

-- Take a token from each bucket, or from none if one is empty. Buckets are tables with name,
-- interval and burst; how many tokens are left, and the milliseconds until it is full, are noted in
-- each. Return the milliseconds until all of them have a token; 0: taken.
local function take_tokens(buckets)
  local now, wait = read_clock(), 0
  for _, bucket in ipairs(buckets) do
    local capacity = bucket.burst * bucket.interval
    local full_at = tonumber(redis.call('GET', RATE_LIMIT .. bucket.name) or now)
    -- Not later than an empty bucket's: the clock was set back, or the limit changed.
    bucket.full_at = math.min(math.max(full_at, now), now + capacity)
    wait = math.max(wait, bucket.full_at + bucket.interval - now - capacity)
  end
  for _, bucket in ipairs(buckets) do
    if wait == 0 then bucket.full_at = bucket.full_at + bucket.interval end
    local until_full = bucket.full_at - now
    bucket.tokens = math.floor(bucket.burst - until_full / bucket.interval)
    bucket.full_in_ms = math.ceil(until_full / 1000)
    if wait == 0 then
      local time = string.format('%.0f', bucket.full_at)
      redis.call('SET', RATE_LIMIT .. bucket.name, time, 'PX', bucket.full_in_ms)
    end
  end
  return math.ceil(wait / 1000)
end
