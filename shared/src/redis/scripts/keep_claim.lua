-- Makes a claim to rebuild last longer.
--
-- KEYS[1] {hark:epoch}:claim  string  who is rebuilding
-- ARGV[1] the caller's claim
-- ARGV[2] lifetime of KEYS[1] from now on (ms)
--
-- Returns 1, or 0 when the claim is the caller's no more.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
