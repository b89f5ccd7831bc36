-- Version 2: what was asked of services, and what an encrypted object was begun with.

-- One line for each record whose pipeline was to be started. `state`: intended (written before the request is sent: whether it
-- arrived is not known), started, refused (nothing was started).
CREATE TABLE triggers (
    job_id      INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    record      TEXT NOT NULL,
    request     TEXT NOT NULL,
    intended_at TEXT NOT NULL,
    state       TEXT NOT NULL,
    computation TEXT,
    at          TEXT,
    PRIMARY KEY (job_id, record)
) STRICT, WITHOUT ROWID;

-- The salt of each encrypted object and what it is made from, so that an interrupted upload comes out the same again. A salt is
-- no secret: it stands in the object. `check_value` tells another password; the password cannot be had from it.
CREATE TABLE salts (
    job_id          INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    key             TEXT NOT NULL,
    source_size     INTEGER NOT NULL,
    source_modified TEXT NOT NULL,
    salt            BLOB NOT NULL,
    check_value     BLOB NOT NULL,
    PRIMARY KEY (job_id, key)
) STRICT, WITHOUT ROWID;
