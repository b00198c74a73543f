-- Sets the value, or removes it, if no newer fence is kept with it: nil, or that newer fence.
--
-- KEYS: the hash. ARGV: the fence, for how many milliseconds to keep all or 0, the value if any.

-- Lua's numbers are exact up to 53 bits, and a fence has 64.
local function is_newer(a, b)
    if #a ~= #b then return #a > #b end
    return a > b
end

local key, fence, keep, value = KEYS[1], ARGV[1], tonumber(ARGV[2]), ARGV[3]
local newest = redis.call('HGET', key, 'fence')
if newest and is_newer(newest, fence) then return newest end

redis.call('HSET', key, 'fence', fence)
if value then
    redis.call('HSET', key, 'value', value)
else
    redis.call('HDEL', key, 'value')
end
if keep > 0 then
    redis.call('PEXPIRE', key, keep)
else
    redis.call('PERSIST', key)
end
return nil
