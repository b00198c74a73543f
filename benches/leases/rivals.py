"""The locks of Python, measured inside Python: the other end of child.rs.

An order is a line on standard input, and its answer a line of numbers on standard output. Times
are nanoseconds of a clock that never goes back.
"""

import sys
import threading
import time
from time import monotonic_ns as now

import pottery
import redis
import redis_lock
import redlock

TTL = 10


class RedisPy:
    def __init__(self, url, name):
        self.redis = redis.Redis.from_url(url)
        self.inner = self.redis.lock(name, timeout=TTL)

    def lock(self):
        self.inner.acquire()

    def unlock(self):
        self.inner.release()


class PythonRedisLock:
    def __init__(self, url, name):
        self.redis = redis.Redis.from_url(url)
        self.inner = redis_lock.Lock(self.redis, name, expire=TTL)

    def lock(self):
        self.inner.acquire()

    def unlock(self):
        self.inner.release()


class RedlockPy:
    def __init__(self, url, name):
        self.name = name
        self.manager = redlock.Redlock(url.split(","))

    def lock(self):
        # It gives up after three tries, and fails if one master does, though it has the votes of
        # the others: whoever wants the lock asks again.
        self.held = None
        while not self.held:
            try:
                self.held = self.manager.lock(self.name, TTL * 1000)
            except redlock.MultipleRedlockException:
                pass

    def unlock(self):
        try:
            self.manager.unlock(self.held)
        except redlock.MultipleRedlockException:
            # A master that hangs: the others have it back.
            pass


class Pottery:
    def __init__(self, url, name):
        masters = {redis.Redis.from_url(master) for master in url.split(",")}
        self.inner = pottery.Redlock(key=name, masters=masters, auto_release_time=TTL)

    def lock(self):
        self.inner.acquire()

    def unlock(self):
        self.inner.release()


KINDS = {
    "redis-py": RedisPy,
    "python-redis-lock": PythonRedisLock,
    "redlock-py": RedlockPy,
    "pottery": Pottery,
}
KIND = KINDS[sys.argv[1]]
URL = sys.argv[2]


def warm(name):
    rival = KIND(URL, name)
    pair(rival)
    return rival


def pair(rival):
    rival.lock()
    rival.unlock()


KEPT = []


def keep(name):
    KEPT.append(warm(name))
    return []


def spell(span):
    times, end = [], now() + int(span)
    while (start := now()) < end:
        pair(KEPT[-1])
        times.append(now() - start)
    return times


def close():
    KEPT.pop()
    return []


def pairs(name, count):
    rival, times = warm(name), []
    for _ in range(int(count)):
        start = now()
        pair(rival)
        times.append(now() - start)
    return times


def hand_overs(name, *pauses):
    holder, waiter, times = warm(name), warm(name), []
    for pause in pauses:
        acquired = []

        def wait():
            waiter.lock()
            acquired.append(now())
            waiter.unlock()

        holder.lock()
        thread = threading.Thread(target=wait)
        thread.start()
        time.sleep(int(pause) / 1e9)
        released = now()
        holder.unlock()
        thread.join()
        times.append(acquired[0] - released)
    return times


def race(name, contenders, span):
    rivals = [warm(name) for _ in range(int(contenders))]
    begin, holds = threading.Barrier(len(rivals)), []

    def contend(contender, rival):
        begin.wait()
        end = now() + int(span)
        while now() < end:
            asked = now()
            rival.lock()
            acquired = now()
            released = now()
            rival.unlock()
            holds.extend([contender, asked, acquired, released])

    threads = [threading.Thread(target=contend, args=one) for one in enumerate(rivals)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return holds


ORDERS = {
    "pairs": pairs,
    "hand_overs": hand_overs,
    "race": race,
    "open": keep,
    "spell": spell,
    "close": close,
}

print("ready", flush=True)
for line in sys.stdin:
    order, *words = line.split()
    print(*ORDERS[order](*words), flush=True)
