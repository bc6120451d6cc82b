// npm run bench: posts accepted and posts published per second, through workerd, against the sandbox. What each number
// means is in benches/README.md.

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Client, connect, inParallel } from './bench-client.mjs';
import { announce } from './bench-shorts.mjs';
import { bootstrap } from './bootstrap.mjs';
import { buildWorker, builtSize } from './build.mjs';
import { Stop, at, freePort, main, modernNode, say, sleep, writeWhole } from './common.mjs';
import { buildSandbox, redirectUris, sandboxVars, startSandbox, startServer, youtubeVars } from './processes.mjs';

const APP = { clientId: 'bench', clientSecret: randomBytes(24).toString('base64url') };

/** How long publishing may rest without a single new post before the run counts as stuck. */
const STUCK_MS = 120_000;

await main(async () => {
  const options = readOptions();
  const prepared = await bootstrap();
  await buildWorker(prepared);
  say('Building the sandbox, optimised, so that it is not what is measured …');
  const program = await buildSandbox(prepared.env, { release: true });
  const state = fs.mkdtempSync(path.join(os.tmpdir(), 'godwit-bench-'));
  const children = [];
  const cleanUp = async () => {
    for (const child of children.reverse()) await child.stop();
    fs.rmSync(state, { recursive: true, force: true });
  };
  process.once('SIGINT', () => void cleanUp().then(() => process.exit(130)));
  try {
    report(await measure({ ...options, program, state, env: prepared.env, children }), options);
  } finally {
    await cleanUp();
  }
});

async function measure({ posts, connections, accounts, waits, shorts, program, state, env, children }) {
  const port = await freePort();
  const sandbox = await startSandbox(program, 0, { ...APP, redirectUris: redirectUris(port) }, ['--youtube-port', '0']);
  children.push(sandbox);
  const file = path.join(state, 'vars.json');
  writeWhole(file, JSON.stringify(variables(sandbox)), 0o600);
  const began = performance.now();
  const server = await startServer(['--port', String(port), '--state', state, '--vars-file', file, '--cron', '--quiet'], env);
  children.push(server);
  const start = await startUp(server.url, began);

  const client = new Client(server.url);
  await client.register();
  await liftLimits(sandbox.url);
  say(`Connecting ${accounts} accounts …`);
  const ids = [];
  for (let n = 0; n < accounts; n += 1) ids.push(await connect(client, sandbox.url, `bench${n}`));

  say(`Publishing ${waits} posts one by one …`);
  const alone = [];
  for (let n = 0; n < waits; n += 1) {
    const sent = performance.now();
    const post = await client.post(`Alone ${n}`, ids[n % ids.length], { prefer: 'wait=10' });
    if (post.status === 'published') alone.push(performance.now() - sent);
  }

  say(`Publishing ${shorts} Shorts one by one …`);
  const announced = await announce(client, sandbox, ids[0], shorts);
  await allPublished(client, waits + shorts);
  const before = (await publishedIds(client, new Set())).size;

  say(`Accepting ${posts} posts over ${connections} connections …`);
  const latencies = [];
  const first = performance.now();
  await inParallel(posts, connections, async (n) => {
    const sent = performance.now();
    await client.post(`Bench ${n}`, ids[n % ids.length]);
    latencies.push(performance.now() - sent);
  });
  const accepted = (performance.now() - first) / 1000;
  say('Waiting until every one of them is in the history …');
  await allPublished(client, before + posts);
  const published = (performance.now() - first) / 1000;
  const counts = await (await fetch(`${sandbox.url}/_sandbox/counts`)).json();
  return { start, alone, announced, latencies, accepted, published, counts, expected: before + posts };
}

function variables(sandbox) {
  return {
    BASE_URL: '{url}',
    JWT_SECRET: randomBytes(48).toString('base64'),
    ENCRYPTION_KEYS: `bench:${randomBytes(32).toString('base64')}`,
    ALLOW_SIGNUP: 'true',
    X_CLIENT_ID: APP.clientId,
    X_CLIENT_SECRET: APP.clientSecret,
    // What is measured is Godwit, not X's patience.
    X_POST_LIMIT_15MIN: '1000000',
    ...sandboxVars(sandbox.url),
    ...youtubeVars(sandbox.youtube_url),
  };
}

/** The first answer pays for compiling and instantiating the wasm; the second is what every later one costs. */
async function startUp(url, began) {
  const timed = async () => {
    const sent = performance.now();
    await (await fetch(`${url}/health`)).arrayBuffer();
    return performance.now() - sent;
  };
  const first = await timed();
  const ready = performance.now() - began;
  return { ready, first, second: await timed(), compile: compileTime() };
}

/** How long V8, which workerd runs on too, takes to compile the wasm when it has never seen it. */
function compileTime() {
  const script = `const bytes = require('fs').readFileSync(${JSON.stringify(at('build', 'index_bg.wasm'))});
    const t = performance.now(); new WebAssembly.Module(bytes); console.log(performance.now() - t);`;
  return Number(spawnSync(modernNode(), ['-e', script], { encoding: 'utf8' }).stdout);
}

async function liftLimits(sandboxUrl) {
  const url = `${sandboxUrl}/_sandbox/settings`;
  const { limits } = await (await fetch(url)).json();
  const lifted = Object.fromEntries(Object.entries(limits).map(([name, value]) => [name, typeof value === 'number' ? 1_000_000 : value]));
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ limits: lifted }) });
  if (!response.ok) throw new Stop(`The sandbox refused higher limits: ${await response.text()}`);
}

/** Adds to `known` what the history shows, newest first, until a page brings nothing new. */
async function publishedIds(client, known) {
  let cursor = '';
  do {
    const { items, next_cursor: next } = await client.get(`/history?limit=100${cursor}`);
    const size = known.size;
    for (const { delivery_id: id } of items) known.add(id);
    cursor = known.size > size && next ? `&cursor=${encodeURIComponent(next)}` : '';
  } while (cursor);
  return known;
}

async function allPublished(client, wanted) {
  const known = new Set();
  let last = performance.now();
  while (known.size < wanted) {
    const size = known.size;
    await publishedIds(client, known);
    if (known.size > size) last = performance.now();
    if (performance.now() - last > STUCK_MS) {
      throw new Stop(`Only ${known.size} of ${wanted} posts are in the history; ${JSON.stringify(await client.get('/stats'))}`);
    }
    await sleep(200);
  }
}

function report({ start, alone, announced, latencies, accepted, published, counts, expected }, { posts, connections, accounts }) {
  const size = builtSize();
  const percentile = (values, share) => [...values].sort((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? Number.NaN;
  const ms = (value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
  const kb = (bytes) => `${(bytes / 1000).toFixed(0)} kB`;
  const rows = [
    ['posts accepted', `${(posts / accepted).toFixed(0)} /s`],
    ['answer to POST /posts under that load, median and 95 %', `${ms(percentile(latencies, 0.5))}, ${ms(percentile(latencies, 0.95))}`],
    ['posts published', `${(posts / published).toFixed(0)} /s`],
    ['one post alone, from POST to published, median and 95 %', `${ms(percentile(alone, 0.5))}, ${ms(percentile(alone, 0.95))}`],
    ["a Short alone, from the hub's POST to X's create call, median and 95 %", `${ms(percentile(announced.toX, 0.5))}, ${ms(percentile(announced.toX, 0.95))}`],
    ['the answer to that POST, median and 95 %', `${ms(percentile(announced.toAnswer, 0.5))}, ${ms(percentile(announced.toAnswer, 0.95))}`],
    ['create calls the sandbox received, for posts made', `${counts.creates_received}, ${expected}`],
    ['wasm, raw and gzip', `${kb(size.raw)}, ${kb(size.gzip)}`],
    ['from starting the server to its first answer', ms(start.ready)],
    ['that first answer, and the next', `${ms(start.first)}, ${ms(start.second)}`],
    ['V8 compiles the wasm', ms(start.compile)],
  ];
  const cpus = os.cpus();
  console.log(`\n| what | measured |\n|---|---|\n${rows.map((row) => `| ${row.join(' | ')} |`).join('\n')}\n`);
  console.log(`${posts} posts, ${connections} connections, ${accounts} accounts, on ${cpus.length} × ${cpus[0]?.model.trim()}, ${Math.round(os.totalmem() / 2 ** 30)} GB, ${os.type()} ${os.release()}.`);
  if (counts.creates_received !== expected) throw new Stop('The sandbox did not receive exactly one create call a post.');
}

function readOptions() {
  const number = (preset) => ({ type: 'string', default: preset });
  const { values } = parseArgs({
    options: { posts: number('1000'), connections: number('32'), accounts: number('20'), waits: number('30'), shorts: number('40') },
  });
  return Object.fromEntries(
    Object.entries(values).map(([name, text]) => {
      if (!/^[1-9]\d*$/.test(text)) throw new Stop(`--${name} must be a number, not "${text}".`);
      return [name, Number(text)];
    }),
  );
}
