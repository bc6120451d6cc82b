// npm start: everything on one machine, with no Cloudflare account and no X app.

import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { bootstrap } from './bootstrap.mjs';
import { buildWorker } from './build.mjs';
import { Stop, freePort, main, readJson, say, seconds, sleep, writeWhole } from './common.mjs';
import { buildSandbox, callbacks, redirectUris, sandboxVars, startSandbox, startServer, youtubeVars } from './processes.mjs';
import { portTaken } from './runtime.mjs';

/** Every variable that Godwit reads, passed on when it is set here. The README's table says what each one does. */
export const VARIABLES = [
  'BASE_URL', 'JWT_SECRET', 'ENCRYPTION_KEYS', 'JWT_ISSUERS', 'FRONTEND_ORIGINS', 'ALLOW_SIGNUP',
  'X_CLIENT_ID', 'X_CLIENT_SECRET', 'X_API_KEY', 'X_API_SECRET', 'X_BEARER_TOKEN', 'X_SCOPES', 'X_POST_LIMIT_15MIN', 'X_APP_POSTS_PER_DAY', 'X_PRICES', 'X_PLAN', 'X_API_BASE', 'X_AUTHORIZE_URL', 'X_WEB_BASE',
  'YOUTUBE_API_KEY', 'YOUTUBE_API_UNITS_PER_DAY', 'YOUTUBE_FEED_REQUESTS_PER_DAY', 'YOUTUBE_BASE', 'YOUTUBE_API_BASE', 'WEBSUB_HUB_URL',
  'MAX_ATTEMPTS', 'RETRY_BACKOFF_SECONDS', 'PLATFORM_TIMEOUT_SECONDS', 'LEASE_SECONDS', 'LANDING_GRACE_SECONDS',
  'REQUEUE_SECONDS', 'RECONCILE_SECONDS',
];

/** Whoever says where one of these is has a YouTube. */
const YOUTUBE = ['YOUTUBE_BASE', 'YOUTUBE_API_BASE', 'WEBSUB_HUB_URL'];

const DEMO = { email: 'demo@godwit.test', name: 'Demo' };

await main(start);

async function start() {
  const since = performance.now();
  const port = Number(process.env.PORT || 8787);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Stop(`PORT must be a port number, not "${process.env.PORT}".`);
  const state = path.resolve(process.env.GODWIT_STATE_DIR || '.godwit');
  // Before the build, which takes minutes the first time.
  if (!(await freePort(port))) throw portTaken(port);

  lockState(state);

  const prepared = await bootstrap();
  await buildWorker(prepared);
  const withSandbox = !process.env.X_API_BASE;
  const program = withSandbox ? await buildSandbox(prepared.env) : null;

  const children = [];
  let stopping = false;
  const stop = async (code) => {
    if (stopping) return;
    stopping = true;
    // The server first: a post that it is sending may still get its answer.
    for (const child of children.reverse()) await child.stop();
    process.exit(code);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void stop(0));
  try {
    const secrets = developmentSecrets(state);
    const sandbox = withSandbox ? await startStandIn(program, state, port, secrets) : null;
    if (sandbox) children.push(sandbox);
    const vars = variables(port, secrets, sandbox);
    const file = path.join(state, 'vars.json');
    // A file, not arguments: everybody on the machine can read those.
    writeWhole(file, JSON.stringify(vars, null, 2), 0o600);
    const server = await startServer(['--port', String(port), '--state', state, '--vars-file', file, '--cron'], prepared.env);
    children.push(server);
    await answers(`${server.url}/health`);
    const user = await seed(server.url, secrets);
    if (stopping) return;
    summary({ since, server, sandbox, state, user });
    const how = await Promise.race(children.map((child) => child.ended));
    if (!stopping) throw new Stop(`${sandbox ? 'The server or the sandbox' : 'The server'} ended (${how}); see above.`);
  } catch (error) {
    if (stopping) return;
    say(error instanceof Stop ? `\nerror: ${error.message}` : String(error.stack));
    await stop(1);
  }
}

/** Two servers on one state would be two doors to one account. The lock of a process that is gone does not count. */
function lockState(state) {
  const file = path.join(state, 'lock.json');
  const holder = readJson(file)?.pid;
  if (holder && holder !== process.pid && alive(holder)) {
    throw new Stop(`Another npm start (process ${holder}) uses ${state}. Stop it, or set GODWIT_STATE_DIR to another folder.`);
  }
  writeWhole(file, JSON.stringify({ pid: process.pid }));
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Made once; without them, yesterday's sessions and sealed tokens would be unreadable today. */
function developmentSecrets(state) {
  const file = path.join(state, 'secrets.json');
  const known = readJson(file) ?? {};
  const secrets = {
    JWT_SECRET: randomBytes(48).toString('base64'),
    ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    X_CLIENT_ID: 'godwit-sandbox-app',
    X_CLIENT_SECRET: randomBytes(24).toString('base64url'),
    X_API_KEY: 'godwit-sandbox-key',
    X_API_SECRET: randomBytes(24).toString('base64url'),
    demo_password: randomBytes(12).toString('base64url'),
    ...known,
  };
  if (Object.keys(secrets).length !== Object.keys(known).length) writeWhole(file, JSON.stringify(secrets, null, 2), 0o600);
  return secrets;
}

async function startStandIn(program, state, port, secrets) {
  const file = path.join(state, 'sandbox.json');
  // The same ports as last time, so that X_WEB_BASE and links to videos stay what they were.
  const last = readJson(file);
  const again = async (port) => (port && (await freePort(port))) || freePort();
  const chosen = await again(last?.port);
  const youtube = YOUTUBE.some((name) => process.env[name]) ? null : await again(last?.youtube_port);
  writeWhole(file, JSON.stringify({ port: chosen, youtube_port: youtube ?? last?.youtube_port }));
  const app = {
    clientId: process.env.X_CLIENT_ID ?? secrets.X_CLIENT_ID,
    clientSecret: process.env.X_CLIENT_SECRET ?? secrets.X_CLIENT_SECRET,
    consumerKey: process.env.X_API_KEY ?? secrets.X_API_KEY,
    consumerSecret: process.env.X_API_SECRET ?? secrets.X_API_SECRET,
    redirectUris: process.env.BASE_URL
      ? [...callbacks(process.env.BASE_URL.replace(/\/$/, '')), ...redirectUris(port)]
      : redirectUris(port),
  };
  return startSandbox(program, chosen, app, youtube ? ['--youtube-port', String(youtube)] : []);
}

function variables(port, { demo_password: _, X_CLIENT_ID, X_CLIENT_SECRET, X_API_KEY, X_API_SECRET, ...secrets }, sandbox) {
  const set = VARIABLES.filter((name) => process.env[name] !== undefined).map((name) => [name, process.env[name]]);
  return {
    BASE_URL: `http://127.0.0.1:${port}`,
    ALLOW_SIGNUP: 'true',
    // A local queue forgets its messages when it stops; the sweep looks after what was in it sooner than elsewhere.
    REQUEUE_SECONDS: '30',
    ...secrets,
    ...(sandbox ? { X_CLIENT_ID, X_CLIENT_SECRET, X_API_KEY, X_API_SECRET, ...sandboxVars(sandbox.url) } : {}),
    ...Object.fromEntries(set),
    // Last: the stand-in takes no other key than its own.
    ...(sandbox?.youtube_url ? youtubeVars(sandbox.youtube_url) : {}),
  };
}

async function answers(url) {
  for (const end = performance.now() + 30_000; performance.now() < end; await sleep(50)) {
    const response = await fetch(url).catch(() => null);
    if (response) return;
  }
  throw new Stop(`${url} does not answer; see above.`);
}

/** The demo user, by the same door as everybody. */
async function seed(url, { demo_password: password }) {
  const response = await fetch(`${url}/api/v1/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...DEMO, password }),
  });
  // 409: it is there from an earlier start. 403: strangers may not register, and it is there or somebody else is.
  if (response.ok || response.status === 409) return { ...DEMO, password };
  if (response.status === 403) return null;
  if (response.status === 503) {
    const problem = await response.json().catch(() => ({}));
    if (problem.code === 'misconfigured') throw new Stop(`${problem.detail} Change the variable and start again.`);
  }
  say(`The demo user could not be made: ${response.status} ${await response.text()}`);
  return null;
}

function summary({ since, server, sandbox, state, user }) {
  const here = path.relative(process.cwd(), state) || '.';
  const lines = [`Godwit is serving at ${server.url}  (ready in ${seconds(since)})`, ''];
  if (user) {
    const body = JSON.stringify({ email: user.email, password: user.password });
    lines.push(
      `  Sign in    ${user.email}, password ${user.password} (the first user, and so the operator)`,
      `             curl -s ${server.url}/api/v1/auth/login -H 'content-type: application/json' -d '${body}'`,
    );
  }
  lines.push(
    sandbox ? `  X          a sandbox at ${sandbox.url}: nothing leaves this machine` : `  X          ${process.env.X_API_BASE}`,
    sandbox?.youtube_url
      ? `  YouTube    a sandbox at ${sandbox.youtube_url}: @godwit, "Publish a Short now"`
      : `  YouTube    ${process.env.YOUTUBE_BASE || 'the real one'}`,
    `  State      ${here.startsWith('..') ? state : here}/ (delete it to begin again)`,
    '  Stop       Ctrl-C',
  );
  console.log(`\n${lines.join('\n')}\n`);
}
