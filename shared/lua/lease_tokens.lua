-- Library: lease tokens, unique and ascending for the life of a server.
-- The counter begins at Redis's clock, so that after FLUSHALL no token comes a second time: a worker
-- may still hold one from before. A ten-thousandth of a second a step: no queue leases faster.

-- Take some tokens in a row and return the number of the first.
local function next_tokens(counter, wanted)
  local last = redis.call('INCRBY', counter, wanted)
  if last == wanted then  -- there was no counter
    local seconds, microseconds = unpack(redis.call('TIME'))
    redis.call('SET', counter, string.format('%s%04d', seconds, tonumber(microseconds) / 100))
    last = redis.call('INCRBY', counter, wanted)
  end
  return last - wanted + 1
end

local function token_of(number)
  return string.format('%.0f', number)
end

-- Return the tokens of all that a worker holds, as a set. Their messages are long, and seldom asked.
local function held_tokens(leases)
  local held = {}
  for _, token in ipairs(redis.call('HKEYS', leases)) do held[token] = true end
  return held
end
