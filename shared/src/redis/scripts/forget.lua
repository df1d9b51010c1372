-- Takes a connection from its user and keeps when it was last heard.
--
-- KEYS[1] hark:{u:ID}:connections  hash  connection -> record
-- KEYS[2] hark:{u:ID}:heard        zset  connection -> last heard (ms)
-- KEYS[3] hark:{u:ID}:seen         string  last heard of the connections that are gone (ms)
-- ARGV[1] connection
-- ARGV[2] lifetime of KEYS[3] (ms)
--
-- Returns {last heard (ms), record} of the connection heard last among those left, {} when none is.
local heard = redis.call('ZSCORE', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
if heard and tonumber(heard) > tonumber(redis.call('GET', KEYS[3]) or '0') then
  redis.call('SET', KEYS[3], heard, 'PX', ARGV[2])
end

local left = redis.call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')
local record = left[1] and redis.call('HGET', KEYS[1], left[1])
if not record then return {} end
return {left[2], record}
