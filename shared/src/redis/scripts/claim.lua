-- Looks whether everything is here, and if not claims to rebuild it.
--
-- KEYS[1] hark:epoch          string  there when everything is
-- KEYS[2] {hark:epoch}:claim  string  who is rebuilding
-- ARGV[1] the caller's claim
-- ARGV[2] lifetime of KEYS[2] (ms)
--
-- Returns 'whole', 'yours' or 'anothers'.
if redis.call('EXISTS', KEYS[1]) == 1 then return 'whole' end
if redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2], 'NX') then return 'yours' end
return 'anothers'
