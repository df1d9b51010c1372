-- Counts a frame against its user's rate (GCRA) and notes that its connection was heard.
--
-- KEYS[1] hark:{u:ID}:heard  zset    connection -> last heard (ms)
-- KEYS[2] hark:{u:ID}:rate   string  theoretical arrival time of the next frame (us)
-- ARGV[1] connection, empty when the frame came by none
-- ARGV[2] now (ms)
-- ARGV[3] microseconds between two frames at the full rate, 0 = not counted
-- ARGV[4] frames that may come at once
--
-- Returns {known: 0 or 1, retry after: ms, 0 = admitted}. A refused frame is heard but not counted.
local known = 1
if ARGV[1] ~= '' then
  known = redis.call('ZSCORE', KEYS[1], ARGV[1]) and 1 or 0
  if known == 1 then redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[1]) end
end

local interval = tonumber(ARGV[3])
if interval == 0 then return {known, 0} end

local now = tonumber(ARGV[2]) * 1000
local arrival = math.max(tonumber(redis.call('GET', KEYS[2]) or '0'), now) + interval
local early = arrival - interval * tonumber(ARGV[4]) - now
if early > 0 then return {known, math.ceil(early / 1000)} end

redis.call('SET', KEYS[2], string.format('%.0f', arrival), 'PX', math.ceil((arrival - now) / 1000))
return {known, 0}
