-- Library: one command for a list of any length. Lua's stack takes some 8,000 values, so a longer
-- list goes in parts.
--
-- One table holds it all, since a script may have no more than 200 locals.
local bulk = {}
local MAX_AT_ONCE = 2000  -- even: fields and their values stay together

-- Call a command for a key and all of a list; return its last answer, nil for an empty list.
function bulk.call(command, key, list)
  local answer
  for first = 1, #list, MAX_AT_ONCE do
    answer = redis.call(command, key, unpack(list, first, math.min(first + MAX_AT_ONCE - 1, #list)))
  end
  return answer
end

-- Call a command that takes only keys (EXISTS, DEL); return to how many it applied.
function bulk.call_for_keys(command, keys)
  local applied = 0
  for first = 1, #keys, MAX_AT_ONCE do
    applied = applied + redis.call(command, unpack(keys, first, math.min(first + MAX_AT_ONCE - 1, #keys)))
  end
  return applied
end

-- Read fields of a hash, as a table by field; false for one that is not there.
function bulk.read_fields(key, fields)
  local found = {}
  for first = 1, #fields, MAX_AT_ONCE do
    local last = math.min(first + MAX_AT_ONCE - 1, #fields)
    local values = redis.call('HMGET', key, unpack(fields, first, last))
    for i, value in ipairs(values) do found[fields[first + i - 1]] = value end
  end
  return found
end

-- Read strings whose keys begin with `prefix`, as a table by the rest of the key; false for one that
-- is not there.
function bulk.read_strings(prefix, names)
  local found = {}
  for first = 1, #names, MAX_AT_ONCE do
    local keys = {}
    for i = first, math.min(first + MAX_AT_ONCE - 1, #names) do keys[#keys + 1] = prefix .. names[i] end
    for i, value in ipairs(redis.call('MGET', unpack(keys))) do found[names[first + i - 1]] = value end
  end
  return found
end

function bulk.append(list, ...)
  for i = 1, select('#', ...) do list[#list + 1] = (select(i, ...)) end
end

-- Return each `step`th argument from the `first` on, but no empty ones.
function bulk.arguments(first, step)
  local found = {}
  for i = first, #ARGV, step do
    if ARGV[i] ~= '' then found[#found + 1] = ARGV[i] end
  end
  return found
end
