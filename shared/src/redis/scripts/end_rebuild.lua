-- Gives up a claim to rebuild, and says that everything is here if it is.
--
-- KEYS[1] hark:epoch          string  there when everything is
-- KEYS[2] {hark:epoch}:claim  string  who is rebuilding
-- ARGV[1] the caller's claim
-- ARGV[2] 1 when everything is here, else 0
-- ARGV[3] lifetime of KEYS[1] (ms)
--
-- Returns 1, or 0 when the claim is the caller's no more: it ran out, or everything was lost again and
-- what the caller did before that with it.
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
if ARGV[2] == '1' then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3]) end
redis.call('DEL', KEYS[2])
return 1
