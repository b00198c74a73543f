-- The greatest fence and the longest TTL, or nothing of a server that is no member.

local known = redis.call('HMGET', MEMBER, 'base', 'top', 'longest')
if not known[1] then return {} end
return { tonumber(known[2]), tonumber(known[3]) }
