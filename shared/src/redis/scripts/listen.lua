-- Adds a connection to a room's list.
--
-- KEYS[1] hark:{r:ID}:audience  hash  connection -> record; #version, #strangers: see rebuild.lua
-- KEYS[2] hark:{r:ID}:members   set   users of that version
-- ARGV[1] connection
-- ARGV[2] record
-- ARGV[3] user
-- ARGV[4] lifetime of both keys (ms)
--
-- Whoever isn't a member by the list's version joined since or left since; only the store knows which.
-- So the version goes, and the next reader builds the list anew before anything is posted. The time for
-- which strangers stay begins again.
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if redis.call('SISMEMBER', KEYS[2], ARGV[3]) == 0 then
  redis.call('HDEL', KEYS[1], '#version', '#strangers')
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
