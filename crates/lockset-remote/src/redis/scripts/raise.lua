-- Sets the fence of all locks, if the request still holds them and none has a greater one: 1, or 0
-- if not.

local id, fence = ARGV[1], tonumber(ARGV[2])
local records = records_of(id, locks)
if not records then return 0 end
for _, lock in ipairs(locks) do
    if tonumber(redis.call('HGET', lock, 'fence')) > fence then return 0 end
end
local text = string.format('%.0f', fence)
for i, lock in ipairs(locks) do
    local record = string.gsub(records[i], '^(%d+ %d+ %d+) %d+', '%1 ' .. text)
    redis.call('HSET', lock, 'fence', text, id, record)
end
remember(fence, 0)
return 1
