-- Notes what others are told of a user.
--
-- KEYS[1] hark:{u:ID}:told  string  what they were told last
-- ARGV[1] what they are told now
-- ARGV[2] lifetime of KEYS[1] (ms)
--
-- Returns 1 when it is news, else 0.
local before = redis.call('GET', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if before == ARGV[1] then return 0 end
return 1
