-- Accounts that are connected by OAuth 1.0a or through a workspace's own X app.

-- How the consent is asked for: a callback takes only states of its own kind. Of 'oauth1', `verifier` is the sealed
-- secret of X's request token, and the state is that token.
ALTER TABLE oauth_states ADD COLUMN auth TEXT NOT NULL DEFAULT 'oauth2' CHECK (auth IN ('oauth2', 'oauth1'));
-- The X app that asks: the installation's, or `x:<workspace>`.
ALTER TABLE oauth_states ADD COLUMN app TEXT NOT NULL DEFAULT 'x';

-- X gives one user's OAuth 1.0a token to every workspace that connects that user through one app: whoever ends it has to
-- see whether it is somebody else's too.
CREATE INDEX accounts_oauth1 ON accounts (external_id) WHERE auth = 'oauth1';
