-- Version 2: what was asked of services, and what encrypted objects are made with.

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

-- What the encrypted objects of a job are made with, so that an interrupted upload comes out the same again. The seed is no secret:
-- salts are drawn from it, which stand in the objects. `check_value` tells another password; the password cannot be had from it.
CREATE TABLE seeds (
    job_id      INTEGER PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    seed        BLOB NOT NULL,
    check_value BLOB NOT NULL
) STRICT;
