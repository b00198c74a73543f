-- Lets the lease last for another TTL, if it is still the request's: 1, or 0 if it is not. Its keys
-- are those of the locks alone, not those of their lines: while a slot of a cluster is on its way, a
-- call of several keys is refused that are not all there.

local id, ttl = ARGV[1], tonumber(ARGV[2])
local records = {}
for i, lock in ipairs(KEYS) do
    local record = redis.call('HGET', lock, id)
    local ends = record and tonumber(string.match(record, '^%d+'))
    if not ends or ends <= now then return 0 end
    records[i] = record
end
for i, lock in ipairs(KEYS) do
    local record = string.gsub(records[i], '^%d+', string.format('%.0f', now + ttl + 1))
    redis.call('HSET', lock, id, record)
    redis.call('PEXPIRE', lock, KEEP)
end
return 1
