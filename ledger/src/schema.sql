-- Version 1. Times are ISO 8601 in UTC, sizes are bytes, checksums are CRC-64/NVME in hexadecimal.

-- One line for each time the program was started to do something.
CREATE TABLE runs (
    run_id     INTEGER PRIMARY KEY,
    started_at TEXT NOT NULL,
    ended_at   TEXT,
    command    TEXT NOT NULL,
    version    TEXT NOT NULL,
    exit_code  INTEGER
) STRICT;

-- One line for each asset that was ever asked for. `state`: rehearsed, refused, begun, done, failed, interrupted.
CREATE TABLE jobs (
    job_id      INTEGER PRIMARY KEY,
    asset       TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    state       TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    plan        TEXT NOT NULL,
    building    TEXT,
    begun_at    TEXT NOT NULL,
    ended_at    TEXT,
    objects     INTEGER,
    bytes       INTEGER
) STRICT;

-- One line for each run that worked on a job. `result`: done, skipped, rehearsed, failed, interrupted; empty while
-- it runs, and for ever when it was killed.
CREATE TABLE attempts (
    job_id       INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    run_id       INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    dry_run      INTEGER NOT NULL,
    started_at   TEXT NOT NULL,
    ended_at     TEXT,
    result       TEXT,
    bytes_read   INTEGER NOT NULL DEFAULT 0,
    bytes_sent   INTEGER NOT NULL DEFAULT 0,
    objects_sent INTEGER NOT NULL DEFAULT 0,
    objects_kept INTEGER NOT NULL DEFAULT 0,
    fault_class  TEXT,
    fault        TEXT,
    help         TEXT,
    PRIMARY KEY (job_id, run_id)
) STRICT, WITHOUT ROWID;

-- One line for each step of an attempt. `outcome` is the step's own account of what it did, as JSON.
CREATE TABLE steps (
    job_id      INTEGER NOT NULL,
    run_id      INTEGER NOT NULL,
    step        TEXT NOT NULL,
    started_at  TEXT NOT NULL,
    ended_at    TEXT,
    outcome     TEXT,
    fault_class TEXT,
    fault       TEXT,
    help        TEXT,
    PRIMARY KEY (job_id, step, run_id),
    FOREIGN KEY (job_id, run_id) REFERENCES attempts ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- One line for each object of an asset. `state`: confirmed (we sent it, the destination has it), seen (it stood there).
CREATE TABLE objects (
    job_id          INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    key             TEXT NOT NULL,
    state           TEXT NOT NULL,
    size            INTEGER NOT NULL,
    crc64           TEXT,
    etag            TEXT,
    source_size     INTEGER,
    source_modified TEXT,
    at              TEXT,
    PRIMARY KEY (job_id, key)
) STRICT, WITHOUT ROWID;

-- Multipart uploads that have begun and not ended.
CREATE TABLE uploads (
    job_id          INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    key             TEXT NOT NULL,
    upload_id       TEXT NOT NULL,
    part_size       INTEGER NOT NULL,
    source_size     INTEGER,
    source_modified TEXT,
    at              TEXT NOT NULL,
    PRIMARY KEY (job_id, key)
) STRICT, WITHOUT ROWID;

-- Their parts that the destination has confirmed.
CREATE TABLE parts (
    job_id INTEGER NOT NULL,
    key    TEXT NOT NULL,
    number INTEGER NOT NULL,
    size   INTEGER NOT NULL,
    crc64  TEXT NOT NULL,
    etag   TEXT NOT NULL,
    PRIMARY KEY (job_id, key, number),
    FOREIGN KEY (job_id, key) REFERENCES uploads ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- For people: SELECT * FROM history;
CREATE VIEW history AS
SELECT run_id, name, started_at, result, seconds, bytes_sent, objects_sent, objects_kept,
       CASE WHEN seconds > 0 THEN CAST(bytes_sent / seconds AS INTEGER) END AS bytes_per_second,
       fault_class, fault, help, asset
FROM (SELECT attempts.*, jobs.name, jobs.asset,
             round((julianday(attempts.ended_at) - julianday(attempts.started_at)) * 86400, 3) AS seconds
      FROM attempts JOIN jobs USING (job_id))
ORDER BY run_id, name;

-- For people: what failed, in which step, and why.
CREATE VIEW failures AS
SELECT attempts.run_id, jobs.name, steps.step, attempts.ended_at,
       coalesce(steps.fault_class, attempts.fault_class) AS fault_class,
       coalesce(steps.fault, attempts.fault) AS fault,
       coalesce(steps.help, attempts.help) AS help,
       jobs.asset
FROM attempts JOIN jobs USING (job_id)
LEFT JOIN steps ON steps.job_id = attempts.job_id AND steps.run_id = attempts.run_id AND steps.fault IS NOT NULL
WHERE attempts.result = 'failed'
ORDER BY attempts.run_id, jobs.name;

-- For people: how far the assets are that are not done.
CREATE VIEW progress AS
SELECT jobs.name, jobs.state, count(objects.key) AS objects, coalesce(sum(objects.size), 0) AS bytes, jobs.asset
FROM jobs LEFT JOIN objects ON objects.job_id = jobs.job_id AND objects.state = 'confirmed'
WHERE jobs.state <> 'done'
GROUP BY jobs.job_id
ORDER BY jobs.job_id;
