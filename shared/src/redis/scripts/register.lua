-- Adds a connection to its user, and drops those that are older than any socket gets. It isn't known
-- yet: `confirm.lua` makes it so when its rooms have it too.
--
-- KEYS[1] hark:{u:ID}:connections  hash    connection -> record, which begins with connected_at (ms)
-- KEYS[2] hark:{u:ID}:heard        zset    connection -> last heard (ms)
-- KEYS[3] hark:{u:ID}:joined       set     rooms joined a moment ago
-- KEYS[4] hark:{u:ID}:told         string  what others were told of the user; see tell.lua
-- ARGV[1] connection
-- ARGV[2] record
-- ARGV[3] now (ms)
-- ARGV[4] lifetime of a connection (ms)
-- ARGV[5] connections that the user may have, 0 = any number
--
-- Returns {1, 1 unless others were told that the user is there, the rooms joined a moment ago}, or {0} when
-- the user has as many as they may.
local oldest = tonumber(ARGV[3]) - tonumber(ARGV[4])
local held = redis.call('HGETALL', KEYS[1])
local count = 0
for i = 1, #held, 2 do
  if held[i] ~= ARGV[1] then
    if tonumber(string.match(held[i + 1], '^%-?%d+')) < oldest then
      redis.call('HDEL', KEYS[1], held[i])
      redis.call('ZREM', KEYS[2], held[i])
    else
      count = count + 1
    end
  end
end

local most = tonumber(ARGV[5])
if most > 0 and count >= most then return {0} end

redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
local told = redis.call('GET', KEYS[4])
if told then redis.call('PEXPIRE', KEYS[4], ARGV[4]) end
local arrived = (not told or told == 'offline') and 1 or 0
return {1, arrived, redis.call('SMEMBERS', KEYS[3])}
