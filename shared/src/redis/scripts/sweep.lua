-- Takes users who were not heard since a time off the list of those online.
--
-- KEYS[1] hark:online  zset  user -> last heard (ms)
-- ARGV[1] heard before this (ms) is silent
-- ARGV[2] how many at most
--
-- Returns the users, longest silent first.
local silent = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[1], 'LIMIT', 0, ARGV[2])
for _, user in ipairs(silent) do redis.call('ZREM', KEYS[1], user) end
return silent
