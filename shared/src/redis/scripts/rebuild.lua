-- Sets a room's list to the connections of its members. Connections that registered since they were
-- read stay when they are a member's; a list of a later version stays as it is.
--
-- KEYS[1] hark:{r:ID}:audience  hash  connection -> record, which begins with the user;
--                                     #version -> members_version
-- KEYS[2] hark:{r:ID}:members   set   users of that version
-- ARGV[1] members_version
-- ARGV[2] lifetime of both keys (ms)
-- ARGV[3] number of members
-- ARGV[4..] the members, then connection and record by turns
--
-- Returns the hash.
local current = redis.call('HGET', KEYS[1], '#version')
if current and tonumber(current) > tonumber(ARGV[1]) then
  return redis.call('HGETALL', KEYS[1])
end

local first_connection = 4 + tonumber(ARGV[3])
local member = {}
redis.call('DEL', KEYS[2])
for i = 4, first_connection - 1 do
  member[ARGV[i]] = true
  redis.call('SADD', KEYS[2], ARGV[i])
end

local held = redis.call('HGETALL', KEYS[1])
for i = 1, #held, 2 do
  if held[i] ~= '#version' and not member[string.match(held[i + 1], '^%-?%d+')] then
    redis.call('HDEL', KEYS[1], held[i])
  end
end

for i = first_connection, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
redis.call('HSET', KEYS[1], '#version', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return redis.call('HGETALL', KEYS[1])
