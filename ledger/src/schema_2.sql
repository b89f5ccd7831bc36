-- Version 2: what was asked of services, and what encrypted objects are made with.

-- How often a job that was complete has been begun again: each time its pipeline may be started anew.
ALTER TABLE jobs ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;

-- One line for each generation of a job whose pipeline was to be started. `record`: the checksum of the asset's record. `state`: intended (written before the request is sent: whether it
-- arrived is not known), started, refused (nothing was started).
CREATE TABLE triggers (
    job_id      INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    generation  INTEGER NOT NULL,
    record      TEXT NOT NULL,
    request     TEXT NOT NULL,
    intended_at TEXT NOT NULL,
    state       TEXT NOT NULL,
    computation TEXT,
    at          TEXT,
    PRIMARY KEY (job_id, generation)
) STRICT, WITHOUT ROWID;

-- What the encrypted objects of a job are made with, so that an interrupted upload comes out the same again. The seed is no secret:
-- salts are drawn from it, which stand in the objects. `check_value` tells another password; the password cannot be had from it.
CREATE TABLE seeds (
    job_id      INTEGER PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    seed        BLOB NOT NULL,
    check_value BLOB NOT NULL
) STRICT;
