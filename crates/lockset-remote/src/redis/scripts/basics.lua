-- The locks of a request, the time, and how long a key is kept without being used.

local KEEP = 2 * 24 * 60 * 60 * 1000

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local micros = time[1] * 1000000 + time[2]

local locks = {}
for i = 1, #KEYS, 3 do locks[#locks + 1] = KEYS[i] end
