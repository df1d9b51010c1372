-- Whether a sender may push, and if so notes that they do.
--
-- KEYS[1] hark:{u:ID}:pushed:WHAT  string  when they did last (ms)
-- ARGV[1] now (ms)
-- ARGV[2] between two pushes (ms)
-- ARGV[3] lifetime of KEYS[1] (ms)
--
-- Returns 1 or 0.
local last = tonumber(redis.call('GET', KEYS[1]) or '-1')
if last >= 0 and tonumber(ARGV[1]) < last + tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 1
