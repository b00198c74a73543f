-- Gives back what the request holds and its place in line, and hands over to those who wait: 1 if
-- it held all its locks, 0 if not.

local id, held = ARGV[1], 1
for _, lock in ipairs(locks) do
    if redis.call('HDEL', lock, id) == 0 then held = 0 end
end
if anybody_waits(locks) then
    leave(locks, id)
    serve(locks)
end
return held
