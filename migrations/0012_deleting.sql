-- What is being deleted at the platform waits like what is being sent: connecting the account again wakes both.
DROP INDEX deliveries_waiting;
CREATE INDEX deliveries_waiting ON deliveries (account_id) WHERE state IN ('waiting', 'deleting');
