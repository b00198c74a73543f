-- All there is to know of a lock: the time, its fence, {id, record} of each holder, and the same of
-- each waiter in the order of the line.

local lock = locks[1]
local fields, holders, fence = redis.call('HGETALL', lock), {}, ''
for i = 1, #fields, 2 do
    if fields[i] == 'fence' then
        fence = fields[i + 1]
    else
        holders[#holders + 1] = { fields[i], fields[i + 1] }
    end
end
local waiters = {}
for _, id in ipairs(redis.call('ZRANGE', queue_of(lock), 0, -1)) do
    local record = redis.call('HGET', waiters_of(lock), id)
    if record then
        local waiter = cjson.decode(record)
        local text = string.format('%.0f %d %.0f 0 %s', waiter.ends, waiter.weight, waiter.since,
            waiter.holder)
        waiters[#waiters + 1] = { id, text }
    end
end
return { now, fence, holders, waiters }
