-- Adds a connection to its user, and drops those that are older than any socket gets. It isn't known
-- yet: `confirm.lua` makes it so when its rooms have it too.
--
-- KEYS[1] hark:{u:ID}:connections  hash  connection -> record, which begins with connected_at (ms)
-- KEYS[2] hark:{u:ID}:heard        zset  connection -> last heard (ms)
-- KEYS[3] hark:{u:ID}:joined       set   rooms joined a moment ago
-- ARGV[1] connection
-- ARGV[2] record
-- ARGV[3] now (ms)
-- ARGV[4] lifetime of a connection (ms)
--
-- Returns the rooms joined a moment ago.
local oldest = tonumber(ARGV[3]) - tonumber(ARGV[4])
local held = redis.call('HGETALL', KEYS[1])
for i = 1, #held, 2 do
  if tonumber(string.match(held[i + 1], '^%-?%d+')) < oldest then
    redis.call('HDEL', KEYS[1], held[i])
    redis.call('ZREM', KEYS[2], held[i])
  end
end

redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return redis.call('SMEMBERS', KEYS[3])
