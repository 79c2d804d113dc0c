-- What becomes of requests of a key of which something would be lost: `warn`, `refuse`, or null
-- for what the route says.

ALTER TABLE keys ADD COLUMN losses TEXT;
