-- Holders, waiters, and how a lock goes from one to the next; the layout of the keys is told in
-- redis.rs.

-- How much of a lock is out, its latest fence, what `id` holds of it, and when the next of its
-- leases runs out. Forgets those that have.
local function survey(lock, id)
    local out, fence, mine, soonest = 0, 0, nil, nil
    local fields = redis.call('HGETALL', lock)
    for i = 1, #fields, 2 do
        local field, value = fields[i], fields[i + 1]
        if field == 'fence' then
            fence = tonumber(value)
        else
            local ends, weight = string.match(value, '^(%d+) (%d+)')
            if tonumber(ends) <= now then
                redis.call('HDEL', lock, field)
            else
                out = out + weight
                if field == id then mine = value end
                if not soonest or tonumber(ends) < soonest then soonest = tonumber(ends) end
            end
        end
    end
    return out, fence, mine, soonest
end

-- Whether a request can have all its locks, as far as their holders go; also the latest of their
-- fences, the record of what it has already, and when one that it must wait for may be free.
local function room(locks, id, weight, limit)
    local free, latest, mine, soonest = true, 0, nil, nil
    for _, lock in ipairs(locks) do
        local out, fence, record, first = survey(lock, id)
        mine = record
        if fence > latest then latest = fence end
        if out + weight > limit then
            free = false
            if first and (not soonest or first < soonest) then soonest = first end
        end
    end
    return free, latest, mine, soonest
end

-- In a quorum no clock is in it, so that servers which remember the same answer the same.
local function next_fence(latest, floor)
    return math.max(floor or micros, latest + 1)
end

local function grant(locks, fence, id, weight, ttl, holder, floor)
    if floor then remember(fence, ttl) end
    local text = string.format('%.0f', fence)
    local record = string.format('%.0f %d %.0f %s %s', now + ttl + 1, weight, now, text, holder)
    for _, lock in ipairs(locks) do
        redis.call('HSET', lock, 'fence', text, id, record)
        redis.call('PEXPIRE', lock, KEEP)
    end
end

local function queue_of(lock) return lock .. ':queue' end
local function waiters_of(lock) return lock .. ':waiters' end

local function anybody_waits(locks)
    for _, lock in ipairs(locks) do
        if redis.call('EXISTS', queue_of(lock)) == 1 then return true end
    end
    return false
end

local function first_in(lock)
    return redis.call('ZRANGE', queue_of(lock), 0, 0)[1]
end

local function leave(locks, id)
    for _, lock in ipairs(locks) do
        redis.call('ZREM', queue_of(lock), id)
        redis.call('HDEL', waiters_of(lock), id)
    end
end

-- Hands the locks over to whoever is first in line for them and can have all it waits for, and goes
-- on to the next. A waiter that has not been heard of in time, or whose connection is gone, has
-- nobody listening to its channel: it is skipped.
--
-- Who listens is asked first, and not learnt from PUBLISH: in a cluster that is told at every node,
-- so that one who had connected to another would hear of it without having been counted. And what
-- is told has been written before: a server that must not write would fail in between.
local function serve(locks)
    -- What is out of each lock and its latest fence, counted once and kept up to date: there may be
    -- many holders, and as many waiters.
    local known, todo = {}, {}
    for i, lock in ipairs(locks) do todo[i] = lock end
    local function room_for(waiter)
        local latest = 0
        for _, lock in ipairs(waiter.locks) do
            if not known[lock] then
                local out, fence = survey(lock)
                known[lock] = { out = out, fence = fence }
            end
            if known[lock].out + waiter.weight > waiter.limit then return nil end
            latest = math.max(latest, known[lock].fence)
        end
        return latest
    end
    while #todo > 0 do
        local lock = table.remove(todo)
        local id = first_in(lock)
        local record = id and redis.call('HGET', waiters_of(lock), id)
        if id then
            local waiter = record and cjson.decode(record) or { ends = 0, locks = { lock } }
            local gone, served = waiter.ends <= now, false
            local turn = not gone
            for _, other in ipairs(waiter.locks) do
                turn = turn and first_in(other) == id
            end
            if turn then
                local latest = room_for(waiter)
                if latest then
                    gone = redis.call('PUBSUB', 'NUMSUB', waiter.channel)[2] == 0
                    served = not gone
                end
                if served then
                    local floor = tonumber(waiter.floor)
                    local fence = next_fence(latest, floor)
                    grant(waiter.locks, fence, id, waiter.weight, waiter.ttl, waiter.holder,
                        floor)
                    for _, other in ipairs(waiter.locks) do
                        known[other].out, known[other].fence = known[other].out + waiter.weight, fence
                    end
                    local news = string.format('%s %.0f %.0f', id, fence, micros)
                    redis.call('PUBLISH', waiter.channel, news)
                end
            end
            if gone or served then
                leave(waiter.locks, id)
                for _, other in ipairs(waiter.locks) do todo[#todo + 1] = other end
            end
        end
    end
end
