-- Gives back what the request holds and its place in line, and hands over to those who wait: 1 if
-- it held all its locks, 0 if not.

local id, held = ARGV[1], 1
for _, lock in ipairs(locks) do
    if redis.call('HDEL', lock, id) == 0 then held = 0 end
end
if anybody_waits(locks) then
    leave(locks, id)
    -- Whatever keeps the next from being served, the lock has been given back, and the error says
    -- so. Those who wait look for themselves before long.
    local is_served, why = pcall(serve, locks)
    if not is_served then
        why = type(why) == 'table' and why.err or tostring(why)
        return redis.error_reply('ERR the lock is given back, but nobody was served: ' .. why)
    end
end
return held
