-- Library: collect lines for channels and publish them together, one message per channel.
local notifications = {}

local function queue_notification(channel, line)
  notifications[channel] = notifications[channel] or {}
  table.insert(notifications[channel], line)
end

local function flush_notifications()
  for channel, lines in pairs(notifications) do
    redis.call('PUBLISH', channel, table.concat(lines, '\n'))
  end
end

