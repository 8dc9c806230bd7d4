-- Library: the ids of messages, which their headers hold.

-- Return the id of a message, nil if it has none.
local function read_id(message)
  local decoded, envelope = pcall(cjson.decode, message)
  local id = decoded and type(envelope) == 'table' and type(envelope.headers) == 'table'
    and envelope.headers.id
  return type(id) == 'string' and id or nil
end
