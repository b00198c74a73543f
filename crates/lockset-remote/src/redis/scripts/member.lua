-- What a server remembers of the quorum that it belongs to: the fence that all of its counters start
-- from, the greatest that it has granted, and the longest TTL; or since when it abstains.

local MEMBER = 'lockset:member'

local function remember(fence, ttl)
    local known = redis.call('HMGET', MEMBER, 'top', 'longest')
    if fence > (tonumber(known[1]) or 0) then
        redis.call('HSET', MEMBER, 'top', string.format('%.0f', fence))
    end
    if ttl > (tonumber(known[2]) or 0) then redis.call('HSET', MEMBER, 'longest', ttl) end
end
