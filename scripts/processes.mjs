// Starting the sandbox and the server as children that end with this process, whatever ends it.

import fs from 'node:fs';
import { spawn } from 'node:child_process';
import readline from 'node:readline';
import { Stop, at, modernNode, run, say, seconds } from './common.mjs';

/** How long a child may take to say where it is. */
const START_MS = 60_000;

/**
 * Starts a program that prints one line of JSON when it is ready, and that ends when its stdin does: so it ends also if
 * this process is killed. Answers with that JSON, and `ended`, a promise of its exit; `stop()` ends it.
 */
export async function startChild(what, command, args, { env = process.env } = {}) {
  // A group of its own: Ctrl-C goes to this process, which then ends its children in order.
  const child = spawn(command, args, { cwd: at(), env, stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  child.stdin.on('error', () => {});
  const ended = new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const lines = readline.createInterface({ input: child.stdout });
  let timer;
  const ready = await Promise.race([
    new Promise((resolve) => lines.once('line', resolve)),
    ended.then((how) => Promise.reject(new Stop(`${what} ended before it was ready (${how}).`))),
    new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Stop(`${what} did not start within ${START_MS / 1000} s.`)), START_MS);
    }),
  ]).catch((error) => {
    child.kill('SIGKILL');
    throw error;
  });
  clearTimeout(timer);
  lines.on('line', (line) => say(line));
  const stop = async () => {
    child.stdin.end();
    const late = setTimeout(() => child.kill('SIGKILL'), 3_000);
    await ended;
    clearTimeout(late);
  };
  try {
    return { ...JSON.parse(ready), ended, stop };
  } catch {
    await stop();
    throw new Stop(`${what} should have printed JSON, but printed: ${ready}`);
  }
}

/** Builds the stand-ins; cargo itself knows whether anything has changed. */
export async function buildSandbox(env, { release = false } = {}) {
  const since = performance.now();
  const program = `${env.CARGO_TARGET_DIR || at('target')}/${release ? 'release' : 'debug'}/examples/sandbox`;
  if (!fs.existsSync(program)) say('Building the sandbox, the stand-in for X and YouTube (a few minutes the first time) …');
  const profile = [...(release ? ['--release'] : []), ...(fs.existsSync(program) ? ['--quiet'] : [])];
  await run('cargo', ['build', '--example', 'sandbox', ...profile], { what: 'cargo build --example sandbox', env });
  if (performance.now() - since > 3_000) say(`Built the sandbox in ${seconds(since)}.`);
  return program;
}

/** Starts the stand-in for X, with this OAuth app, and whatever `extra` options ask for. */
export function startSandbox(program, port, { clientId, clientSecret, consumerKey, consumerSecret, redirectUris }, extra = []) {
  const redirects = redirectUris.flatMap((uri) => ['--redirect-uri', uri]);
  const consumer = consumerKey ? ['--consumer-key', consumerKey, '--consumer-secret', consumerSecret] : [];
  const app = ['--client-id', clientId, '--client-secret', clientSecret, ...consumer];
  return startChild('The sandbox', program, ['--port', String(port), ...app, ...redirects, '--exit-with-stdin', ...extra]);
}

/** Starts the Worker; `args` are those of serve.mjs. */
export function startServer(args, env) {
  return startChild('The server', modernNode(), [at('scripts', 'serve.mjs'), ...args, '--exit-with-stdin'], { env });
}

/** Where X's callbacks lead from a Godwit at this address: of OAuth 2.0, and of OAuth 1.0a. */
export const callbacks = (base) => ['callback', 'oauth1/callback'].map((rest) => `${base}/api/v1/connections/x/${rest}`);

/** The same by both names of this machine. */
export const redirectUris = (port) => ['127.0.0.1', 'localhost'].flatMap((host) => callbacks(`http://${host}:${port}`));

/** The variables that point Godwit at a sandbox. */
export const sandboxVars = (url) => ({
  X_API_BASE: url,
  X_AUTHORIZE_URL: `${url}/i/oauth2/authorize`,
  X_WEB_BASE: url,
});

/** The variables that point Godwit at the sandbox's YouTube and its hub. */
export const youtubeVars = (url) => ({
  YOUTUBE_BASE: url,
  YOUTUBE_API_BASE: url,
  YOUTUBE_API_KEY: 'sandbox-api-key',
  WEBSUB_HUB_URL: `${url}/subscribe`,
});
