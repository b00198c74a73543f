// The locks of Node, measured inside Node: the other end of child.rs.
//
// An order is a line on standard input, and its answer a line of numbers on standard output. Times
// are nanoseconds of a clock that never goes back.

"use strict";

const Redis = require("ioredis");
const now = process.hrtime.bigint;
const TTL = 10_000;

class Redlock4 {
  constructor(masters, name) {
    this.name = name;
    this.redlock = new (require("redlock-4"))(masters);
  }
  lock() {
    return this.redlock.lock(this.name, TTL);
  }
  unlock(held) {
    return held.unlock();
  }
}

class Redlock5 {
  constructor(masters, name) {
    this.name = name;
    this.redlock = new (require("redlock-5").default)(masters);
    // It tells of every try that found the lock taken.
    this.redlock.on("error", () => {});
  }
  lock() {
    return this.redlock.acquire([this.name], TTL);
  }
  unlock(held) {
    return held.release();
  }
}

const [, , kind, url] = process.argv;
const Kind = { "redlock-4": Redlock4, "redlock-5": Redlock5 }[kind];

// Both give up after some tries: whoever wants the lock asks again, and stops if that is in vain
// and the time is over.
async function lock(rival, end) {
  for (;;) {
    try {
      return await rival.lock();
    } catch (error) {
      if (!["LockError", "ExecutionError"].includes(error.name)) throw error;
      if (now() >= end) return null;
    }
  }
}

async function pair(rival) {
  await rival.unlock(await lock(rival));
}

async function warm(masters, name) {
  const rival = new Kind(masters, name);
  await pair(rival);
  return rival;
}

// Runs `work` with connections that are closed afterwards.
async function connected(work) {
  const open = [];
  const connect = () => {
    const masters = url.split(",").map((one) => new Redis(one));
    open.push(...masters);
    return masters;
  };
  const answer = await work(connect);
  for (const redis of open) redis.disconnect();
  return answer;
}

const orders = {
  pairs: (name, count) =>
    connected(async (connect) => {
      const rival = await warm(connect(), name);
      const times = [];
      for (let nth = 0; nth < Number(count); nth++) {
        const start = now();
        await pair(rival);
        times.push(now() - start);
      }
      return times;
    }),

  hand_overs: (name, ...pauses) =>
    connected(async (connect) => {
      const holder = await warm(connect(), name);
      const waiter = await warm(connect(), name);
      const times = [];
      for (const pause of pauses) {
        const held = await lock(holder);
        const wait = lock(waiter).then((held) => [now(), held]);
        await new Promise((done) => setTimeout(done, Number(pause) / 1e6));
        const released = now();
        await holder.unlock(held);
        const [acquired, its] = await wait;
        await waiter.unlock(its);
        times.push(acquired - released);
      }
      return times;
    }),

  race: (name, contenders, span) =>
    connected(async (connect) => {
      const rivals = [];
      for (let nth = 0; nth < Number(contenders); nth++) rivals.push(await warm(connect(), name));
      const end = now() + BigInt(span);
      const holds = [];
      const contend = async (rival, contender) => {
        while (now() < end) {
          const asked = now();
          const held = await lock(rival, end);
          if (held === null) return;
          const acquired = now();
          const released = now();
          await rival.unlock(held);
          holds.push(contender, asked, acquired, released);
        }
      };
      await Promise.all(rivals.map(contend));
      return holds;
    }),

  // Answers with the pairs that were done and the time that they took.
  tasks: (name, tasks, span) =>
    connected(async (connect) => {
      const masters = connect();
      const rivals = [];
      for (let nth = 0; nth < Number(tasks); nth++) rivals.push(await warm(masters, `${name}-${nth}`));
      const start = now();
      let count = 0n;
      const work = async (rival) => {
        for (; now() - start < BigInt(span); count++) await pair(rival);
      };
      await Promise.all(rivals.map(work));
      return [count, now() - start];
    }),
};

// Pairs in several orders, by the same connections.
let kept = null;

orders.open = (name) =>
  new Promise((opened) => {
    connected(async (connect) => {
      const rival = await warm(connect(), name);
      await new Promise((close) => {
        kept = { rival, close };
        opened([]);
      });
    });
  });

orders.spell = async (span) => {
  const times = [];
  const end = now() + BigInt(span);
  for (let start = now(); start < end; start = now()) {
    await pair(kept.rival);
    times.push(now() - start);
  }
  return times;
};

orders.close = async () => {
  kept.close();
  return [];
};

async function main() {
  console.log("ready");
  for await (const line of require("readline").createInterface({ input: process.stdin })) {
    const [order, ...words] = line.split(" ");
    console.log((await orders[order](...words)).join(" "));
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
