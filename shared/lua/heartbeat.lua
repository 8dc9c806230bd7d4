-- Tell that a worker lives. A script, since it must go through where Redis's memory is used up: a
-- worker that cannot tell so loses its messages to others.
--
-- KEYS[1] heartbeat of this worker
-- KEYS[2] sorted set of its queue's workers
-- ARGV[1] status as JSON
-- ARGV[2] TTL, milliseconds
-- ARGV[3] time, Unix seconds
-- ARGV[4] id of this worker
--
-- Returns 1.
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[4])
return 1
