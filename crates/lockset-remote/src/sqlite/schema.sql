-- If a lock has had fences before this start of the machine that are forgotten, with the whole of
-- its row or without, none of them is above the base.
CREATE TABLE lockset_schema (
    version INTEGER NOT NULL,
    boot TEXT NOT NULL,
    base INTEGER NOT NULL DEFAULT 0
);
INSERT INTO lockset_schema VALUES (3, '', 0);

CREATE TABLE lockset_lock (
    name TEXT PRIMARY KEY,
    fence INTEGER NOT NULL,
    -- Of this start of the machine a power cut forgets no fence that is above the ceiling and a
    -- thousand above the base: whoever hands one out syncs it before, and a higher ceiling with it.
    ceiling INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE lockset_lease (
    name TEXT NOT NULL,
    request TEXT NOT NULL,
    weight INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    since INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    holder TEXT NOT NULL,
    note TEXT,
    bell TEXT,
    PRIMARY KEY (name, request)
) WITHOUT ROWID;

-- Leases that were handed over and that their holders may not have heard of.
CREATE INDEX lockset_lease_bell ON lockset_lease (bell) WHERE bell IS NOT NULL;

CREATE TABLE lockset_waiter (
    name TEXT NOT NULL,
    place INTEGER NOT NULL,
    request TEXT NOT NULL,
    weight INTEGER NOT NULL,
    most INTEGER NOT NULL,
    ttl INTEGER NOT NULL,
    floor INTEGER,
    since INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    holder TEXT NOT NULL,
    note TEXT,
    bell TEXT NOT NULL,
    PRIMARY KEY (name, place)
) WITHOUT ROWID;

CREATE INDEX lockset_waiter_request ON lockset_waiter (request);
