-- Sets a room's list to the connections of its members. Connections that registered since they were
-- read stay when they are a member's; a list of a later version stays as it is.
--
-- KEYS[1] hark:{r:ID}:audience  hash  connection -> record, which begins with the user;
--                                     #version -> members_version;
--                                     #strangers -> since when they are in it (ms), while there are any
-- KEYS[2] hark:{r:ID}:members   set   users of that version
-- ARGV[1] members_version
-- ARGV[2] lifetime of both keys (ms)
-- ARGV[3] how long a rebuild takes at the very most (ms)
-- ARGV[4] number of members
-- ARGV[5..] the members, then connection and record by turns
--
-- Returns the hash, without the strangers.
--
-- A stranger is of somebody who left, or of somebody who joined after these members were read: then it
-- must stay, and the list has no version that a change could be applied to. Who is still one when every
-- rebuild that began before it came is over has left.
local current = redis.call('HGET', KEYS[1], '#version')
if current and tonumber(current) > tonumber(ARGV[1]) then
  return redis.call('HGETALL', KEYS[1])
end

local first_connection = 5 + tonumber(ARGV[4])
local member = {}
redis.call('DEL', KEYS[2])
for i = 5, first_connection - 1 do
  member[ARGV[i]] = true
  redis.call('SADD', KEYS[2], ARGV[i])
end
for i = first_connection, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end

local listeners, strangers = {}, {}
local held = redis.call('HGETALL', KEYS[1])
for i = 1, #held, 2 do
  if member[string.match(held[i + 1], '^(%-?%d+) ')] then
    listeners[#listeners + 1] = held[i]
    listeners[#listeners + 1] = held[i + 1]
  elseif string.sub(held[i], 1, 1) ~= '#' then
    strangers[#strangers + 1] = held[i]
  end
end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local since = tonumber(redis.call('HGET', KEYS[1], '#strangers') or now)
if #strangers > 0 and now - since < tonumber(ARGV[3]) then
  redis.call('HDEL', KEYS[1], '#version')
  redis.call('HSET', KEYS[1], '#strangers', since)
else
  for _, connection in ipairs(strangers) do redis.call('HDEL', KEYS[1], connection) end
  redis.call('HDEL', KEYS[1], '#strangers')
  redis.call('HSET', KEYS[1], '#version', ARGV[1])
  listeners[#listeners + 1] = '#version'
  listeners[#listeners + 1] = ARGV[1]
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return listeners
