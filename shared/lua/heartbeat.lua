-- Renew a worker's heartbeat. A script, since it must succeed when Redis's memory is used up: a
-- worker without a heartbeat loses its messages to others.
--
-- KEYS[1] heartbeat of this worker
-- KEYS[2] sorted set of its queue's workers
-- ARGV[1] status as JSON
-- ARGV[2] TTL, milliseconds
-- ARGV[3] time, Unix seconds
-- ARGV[4] id of this worker
--
-- Returns 1.
local heartbeat, workers = unpack(KEYS, 1, 2)
local status, heartbeat_ttl, now, worker = unpack(ARGV, 1, 4)
redis.call('SET', heartbeat, status, 'PX', heartbeat_ttl)
redis.call('ZADD', workers, now, worker)
return 1
