-- Makes the server a member, so many milliseconds after it was first asked: 0, or how many are left.

local abstinence, top, longest = tonumber(ARGV[1]), ARGV[2], ARGV[3]
if redis.call('HEXISTS', MEMBER, 'base') == 1 then return 0 end
redis.call('HSETNX', MEMBER, 'since', string.format('%.0f', now))
local left = tonumber(redis.call('HGET', MEMBER, 'since')) + abstinence - now
if left > 0 then return left end
redis.call('HSET', MEMBER, 'base', top, 'top', top, 'longest', longest)
redis.call('HDEL', MEMBER, 'since')
return 0
