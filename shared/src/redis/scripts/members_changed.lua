-- Brings a room's list from one members_version to the next; a list of any other version only gets the
-- connections of who joined, as if they registered now.
--
-- KEYS[1] hark:{r:ID}:audience  hash  connection -> record, which begins with the user;
--                                     #version, #strangers: see rebuild.lua
-- KEYS[2] hark:{r:ID}:members   set   users of that version
-- ARGV[1] the version before
-- ARGV[2] the version after
-- ARGV[3] lifetime of both keys (ms)
-- ARGV[4] number of users who joined
-- ARGV[5] number of users who left
-- ARGV[6..] who joined, who left, then connection and record of the former by turns
--
-- Returns 1 when it was brought up, else 0.
local first_left = 6 + tonumber(ARGV[4])
local first_connection = first_left + tonumber(ARGV[5])

if redis.call('HGET', KEYS[1], '#version') ~= ARGV[1] then
  -- A rebuild may have read the users' connections before one of these was there, while that one's
  -- register found no note of the room yet: nobody else brings it. For strangers see listen.lua.
  for i = first_connection, #ARGV, 2 do
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
    if redis.call('SISMEMBER', KEYS[2], string.match(ARGV[i + 1], '^%-?%d+')) == 0 then
      redis.call('HDEL', KEYS[1], '#version', '#strangers')
    end
    redis.call('PEXPIRE', KEYS[1], ARGV[3])
  end
  return 0
end

for i = 6, first_left - 1 do redis.call('SADD', KEYS[2], ARGV[i]) end

local gone = {}
for i = first_left, first_connection - 1 do
  gone[ARGV[i]] = true
  redis.call('SREM', KEYS[2], ARGV[i])
end
if first_connection > first_left then
  local held = redis.call('HGETALL', KEYS[1])
  for i = 1, #held, 2 do
    if held[i] ~= '#version' and gone[string.match(held[i + 1], '^%-?%d+')] then
      redis.call('HDEL', KEYS[1], held[i])
    end
  end
end

for i = first_connection, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
redis.call('HSET', KEYS[1], '#version', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1
