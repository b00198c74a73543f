-- The locks of a request, the time, and how long a key is kept without being used.

local KEEP = 2 * 24 * 60 * 60 * 1000

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local micros = time[1] * 1000000 + time[2]

local locks = {}
for i = 1, #KEYS, 3 do locks[#locks + 1] = KEYS[i] end

-- The records of what the request still holds of each lock; nothing if it has lost one of them.
local function records_of(id, locks)
    local records = {}
    for i, lock in ipairs(locks) do
        local record = redis.call('HGET', lock, id)
        local ends = record and tonumber(string.match(record, '^%d+'))
        if not ends or ends <= now then return nil end
        records[i] = record
    end
    return records
end

-- Lets the request's lease of all these locks last for another TTL, if it is still its own.
local function renew(id, locks, ttl)
    local records = records_of(id, locks)
    if not records then return false end
    for i, lock in ipairs(locks) do
        local record = string.gsub(records[i], '^%d+', string.format('%.0f', now + ttl + 1))
        redis.call('HSET', lock, id, record)
        redis.call('PEXPIRE', lock, KEEP)
    end
    return true
end
