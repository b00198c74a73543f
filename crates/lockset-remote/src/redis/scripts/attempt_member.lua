-- The floor of a request that is made for a quorum, and the greatest fence that was forgotten here.
-- A server that does not know that it belongs to one grants nothing: it may have forgotten a grant.

local floor, base = tonumber(ARGV[8]), 0
if floor then
    base = tonumber(redis.call('HGET', MEMBER, 'base') or nil)
    if not base then return { 2, 0, 0, 0 } end
    floor = math.max(floor, base + 1)
end
