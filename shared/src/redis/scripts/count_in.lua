-- Counts a connection among all that are open, but for those older than any socket gets.
--
-- KEYS[1] hark:connections  zset  connection -> connected at (ms)
-- ARGV[1] connection
-- ARGV[2] connected at (ms)
-- ARGV[3] connected before this (ms) is past its life
-- ARGV[4] lifetime of KEYS[1] (ms)
-- ARGV[5] connections that may be open, 0 = any number
--
-- Returns 1, or 0 when as many are open as may be.
local most = tonumber(ARGV[5])
if most > 0 and not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  if redis.call('ZCARD', KEYS[1]) >= most then
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[3])
  end
  if redis.call('ZCARD', KEYS[1]) >= most then return 0 end
end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
