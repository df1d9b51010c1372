-- Makes a connection known, now that all its rooms have it.
--
-- KEYS[1] hark:{u:ID}:connections  hash  connection -> record
-- KEYS[2] hark:{u:ID}:heard        zset  connection -> last heard (ms)
-- ARGV[1] connection
-- ARGV[2] now (ms)
-- ARGV[3] lifetime of KEYS[2] (ms)
--
-- Does nothing for a connection that was forgotten meanwhile.
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return end
redis.call('ZADD', KEYS[2], 'GT', ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
