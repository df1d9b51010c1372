-- Notes that a user joined a room, so that a connection which is registering now and read its rooms
-- before that listens to it all the same.
--
-- KEYS[1] hark:{u:ID}:connections  hash  connection -> record
-- KEYS[2] hark:{u:ID}:joined       set   rooms joined a moment ago
-- ARGV[1] room
-- ARGV[2] lifetime of KEYS[2] (ms)
--
-- Returns the connections, as HGETALL does.
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return redis.call('HGETALL', KEYS[1])
