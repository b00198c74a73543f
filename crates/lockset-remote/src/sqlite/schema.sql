CREATE TABLE lockset_schema (version INTEGER NOT NULL, boot TEXT NOT NULL);
INSERT INTO lockset_schema VALUES (3, '');

CREATE TABLE lockset_lock (
    name TEXT PRIMARY KEY,
    fence INTEGER NOT NULL,
    -- No fence of this lock that anybody has heard of is above both of these, also after a power
    -- cut: each is synced that is above the ceiling, and a higher ceiling with it.
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
