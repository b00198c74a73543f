-- The usual case, before anything else is as much as defined: one lock, which nobody has and nobody
-- waits for. Defining what the rest needs would take three times as long as all that is done here.

if #KEYS == 3 then
    local fields = redis.call('HGETALL', KEYS[1])
    local is_new, is_free = #fields == 0, #fields == 2 and fields[1] == 'fence'
    if (is_new or is_free) and redis.call('EXISTS', KEYS[2]) == 0 then
        local time = redis.call('TIME')
        local fence = floor or time[1] * 1000000 + time[2]
        if is_free and fence <= tonumber(fields[2]) then fence = fields[2] + 1 end
        if floor then remember(fence, tonumber(ARGV[4])) end
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local text = string.format('%.0f', fence)
        redis.call('HSET', KEYS[1], 'fence', text, ARGV[1], string.format('%.0f %s %.0f %s %s',
            now + ARGV[4] + 1, ARGV[2], now, text, ARGV[7]))
        redis.call('PEXPIRE', KEYS[1], 172800000) -- KEEP
        return { 1, fence, 0, 0 }
    end
end
