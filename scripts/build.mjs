// Builds the Worker into build/, unless nothing that goes into it has changed.

import fs from 'node:fs';
import { gzipSync } from 'node:zlib';
import { bootstrap } from './bootstrap.mjs';
import { ROOT, Stop, at, hashOf, main, readJson, run, say, seconds, writeWhole } from './common.mjs';

// openapi.json and web/ because code may include them at compile time.
const INPUTS = ['src', 'migrations', 'web', 'openapi.json', 'build.rs', 'Cargo.toml', 'Cargo.lock', '.cargo/config.toml', 'scripts/build.mjs'];
const STAMP = at('build', '.godwit.json');

// The most that the Worker may be, in bytes through Node's gzip (`gzip -9` makes it 1% smaller). A bound of our own, so
// that no dependency doubles what every isolate loads unnoticed; Cloudflare's is 64 MiB without compression.
// https://developers.cloudflare.com/workers/platform/limits/#worker-size
const GZIP_MAX = 1_400_000;

// What worker-build enables for wasm-opt: all that rustc emits, and no encoding that workerd may not know yet.
const FEATURES = [
  'mutable-globals', 'sign-ext', 'nontrapping-float-to-int', 'bulk-memory', 'multivalue', 'reference-types',
  'exception-handling',
];

// Instead of worker-build's own pass (--no-opt), which always keeps the names of functions: a sixth of the file, and no
// stack trace of a panic that must not happen is worth that. The file under target/ still has them.
const SHRINK = [
  ...FEATURES.map((feature) => `--enable-${feature}`),
  // These two add 1% to the file and take 10% off what gzip makes of it: functions that look alike stay functions, and
  // lie side by side. Binaryen would inline those that have one caller, which hides them from gzip.
  '--one-caller-inline-max-function-size=0',
  '-Oz',
  '--reorder-functions-by-name',
  '--strip-debug',
];

/** The size of the Worker that lies in build/: `{raw, gzip}` in bytes. */
export const builtSize = () => readJson(STAMP);

/** Builds the Worker, `prepared` being what `bootstrap()` answered. */
export async function buildWorker({ env, rust, workerBuild }, mode = 'release') {
  const flags = `${mode} ${rust} ${workerBuild} ${env.WASM_BINDGEN_BIN} ${env.RUSTFLAGS ?? ''}`;
  const inputs = hashOf([...INPUTS.map((name) => at(name)), at('package-lock.json')], flags);
  const wasm = at('build', 'index_bg.wasm');
  if (readJson(STAMP)?.inputs === inputs && fs.existsSync(wasm)) return checkSize(mode);
  const since = performance.now();
  say(`Building the Worker (${mode}; a first build takes a few minutes) …`);
  fs.rmSync(STAMP, { force: true });
  await run(workerBuild, [`--${mode}`, '--no-opt'], { what: 'worker-build', env, cwd: ROOT });
  if (mode === 'release') await shrink(wasm, env);
  const bytes = fs.readFileSync(wasm);
  const size = { raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length };
  writeWhole(STAMP, JSON.stringify({ inputs, ...size }));
  say(`  ${formatSize(size)}, built in ${seconds(since)}`);
  checkSize(mode);
}

async function shrink(wasm, env) {
  const smaller = `${wasm}.tmp`;
  await run(env.WASM_OPT_BIN, [wasm, ...SHRINK, '-o', smaller], { what: 'wasm-opt' });
  fs.renameSync(smaller, wasm);
}

// After the stamp is written, so that the next attempt says the same without building again.
function checkSize(mode) {
  const size = builtSize();
  if (mode !== 'release' || size.gzip <= GZIP_MAX) return;
  throw new Stop(
    `The Worker is too big: ${formatSize(size)}; GZIP_MAX in scripts/build.mjs allows ${formatBytes(GZIP_MAX)} gzipped.`,
    'See what a new dependency brought along: cargo tree --target wasm32-unknown-unknown -e normal',
  );
}

export function formatSize({ raw, gzip }) {
  return `wasm ${formatBytes(raw)}, ${formatBytes(gzip)} gzipped`;
}

const formatBytes = (bytes) => `${Math.round(bytes / 1000).toLocaleString('en-US')} kB`;

if (process.argv[1] === at('scripts', 'build.mjs')) {
  await main(async () => {
    await buildWorker(await bootstrap(), process.argv.includes('--dev') ? 'dev' : 'release');
    say(`build/ is up to date: ${formatSize(builtSize())}`);
  });
}
