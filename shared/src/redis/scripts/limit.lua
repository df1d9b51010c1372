-- Counts one against a rate (GCRA).
--
-- KEYS[1] hark:limit:{KEY}  string  theoretical arrival time of the next one (us)
-- ARGV[1] now (ms)
-- ARGV[2] microseconds between two at the full rate
-- ARGV[3] how many may come at once
--
-- Returns retry after: ms, 0 = counted. A refused one isn't counted.
local interval = tonumber(ARGV[2])
local now = tonumber(ARGV[1]) * 1000
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + interval
local early = arrival - interval * tonumber(ARGV[3]) - now
if early > 0 then return math.ceil(early / 1000) end

redis.call('SET', KEYS[1], string.format('%.0f', arrival), 'PX', math.ceil((arrival - now) / 1000))
return 0
