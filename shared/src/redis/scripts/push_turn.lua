-- Says whose turn a push is: the first may push now, the next is to push when the time is up.
--
-- KEYS[1] hark:{u:ID}:pushed:TOPIC  string  how many came since the last push
-- ARGV[1] how long a turn lasts (ms)
--
-- Returns 1 for now, 2 for later, 3 for never.
local turn = redis.call('INCR', KEYS[1])
if turn == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return math.min(turn, 3)
