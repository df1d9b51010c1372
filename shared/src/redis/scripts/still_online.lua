-- Renews a user on the list of those online, unless a sweep took them off it.
--
-- KEYS[1] hark:online  zset  user -> last heard (ms)
-- ARGV[1] user
-- ARGV[2] now (ms)
--
-- Returns 1 when the user is on the list, else 0.
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[1])
return 1
