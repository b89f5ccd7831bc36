-- Version 3: objects that come from another place than this machine's disks.

-- What the source calls the version that an object was made from; empty for files.
ALTER TABLE objects ADD COLUMN source_etag TEXT;
ALTER TABLE uploads ADD COLUMN source_etag TEXT;
