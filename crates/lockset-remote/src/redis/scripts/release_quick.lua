-- The usual case, before anything else is as much as defined: one lock, which nobody waits for.

if #KEYS == 3 and redis.call('EXISTS', KEYS[2]) == 0 then
    return redis.call('HDEL', KEYS[1], ARGV[1])
end
