-- Grants the locks if they can be had; puts the request in line otherwise, if it stays. Asked once
-- more by the same request, which has lost the answer or the push, it answers the same and renews
-- the lease, since the asker counts it from when it asked this time.
--
-- {1, fence, 0, now} if granted; {0, how soon it may be free, place in line or 0, now} if not.

local id, weight, limit, ttl = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local stay, channel, holder = tonumber(ARGV[5]), ARGV[6], ARGV[7]

local function join_line()
    local since = now
    local before = redis.call('HGET', waiters_of(locks[1]), id)
    if before then since = cjson.decode(before).since end
    local record = cjson.encode({
        ends = now + stay, since = since, weight = weight, limit = limit, ttl = ttl,
        channel = channel, holder = holder, locks = locks,
        floor = floor and string.format('%.0f', floor) or '',
    })
    for _, lock in ipairs(locks) do
        local last = redis.call('ZREVRANGE', queue_of(lock), 0, 0, 'WITHSCORES')[2] or 0
        redis.call('ZADD', queue_of(lock), 'NX', last + 1, id)
        redis.call('HSET', waiters_of(lock), id, record)
        redis.call('PEXPIRE', queue_of(lock), KEEP)
        redis.call('PEXPIRE', waiters_of(lock), KEEP)
    end
end

local function answer(is_last)
    local free, latest, mine, soonest = room(locks, id, weight, limit)
    if mine and renew(id, locks, ttl) then
        local fence = string.match(mine, '^%d+ %d+ %d+ (%d+)')
        return { 1, tonumber(fence), 0, micros }
    end
    local line = anybody_waits(locks)
    if free and not line then
        local fence = next_fence(latest, floor)
        grant(locks, fence, id, weight, ttl, holder, floor)
        return { 1, fence, 0, micros }
    end
    if is_last or not (line or stay > 0) then
        local place = redis.call('ZRANK', queue_of(locks[1]), id)
        return { 0, (soonest or now + 1000) - now, place and place + 1 or 0, micros }
    end
end

local first = answer(false)
if first then return first end
if stay > 0 then join_line() end
-- Those before it may be gone, or their turn may have come with the end of a lease.
serve(locks)
return answer(true)
