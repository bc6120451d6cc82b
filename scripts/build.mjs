// Builds the Worker into build/, unless nothing that goes into it has changed.

import fs from 'node:fs';
import { gzipSync } from 'node:zlib';
import { bootstrap } from './bootstrap.mjs';
import { ROOT, at, hashOf, main, readJson, run, say, seconds, writeWhole } from './common.mjs';

// openapi.json and web/ because code may include them at compile time.
const INPUTS = ['src', 'migrations', 'web', 'openapi.json', 'build.rs', 'Cargo.toml', 'Cargo.lock', '.cargo/config.toml'];
const STAMP = at('build', '.godwit.json');

/** The size of the Worker that lies in build/: `{raw, gzip}` in bytes. */
export const builtSize = () => readJson(STAMP);

/** Builds the Worker, `prepared` being what `bootstrap()` answered. */
export async function buildWorker({ env, rust, workerBuild }, mode = 'release') {
  const flags = `${mode} ${rust} ${workerBuild} ${env.WASM_BINDGEN_BIN} ${env.RUSTFLAGS ?? ''}`;
  const inputs = hashOf([...INPUTS.map((name) => at(name)), at('package-lock.json')], flags);
  const wasm = at('build', 'index_bg.wasm');
  if (readJson(STAMP)?.inputs === inputs && fs.existsSync(wasm)) return;
  const since = performance.now();
  say(`Building the Worker (${mode}; a first build takes a few minutes) …`);
  fs.rmSync(STAMP, { force: true });
  await run(workerBuild, [`--${mode}`], { what: 'worker-build', env, cwd: ROOT });
  const bytes = fs.readFileSync(wasm);
  const size = { raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length };
  writeWhole(STAMP, JSON.stringify({ inputs, ...size }));
  say(`  ${formatSize(size)}, built in ${seconds(since)}`);
}

export function formatSize({ raw, gzip }) {
  const kb = (bytes) => `${Math.round(bytes / 1000).toLocaleString('en-US')} kB`;
  return `wasm ${kb(raw)}, ${kb(gzip)} gzipped`;
}

if (process.argv[1] === at('scripts', 'build.mjs')) {
  await main(async () => {
    await buildWorker(await bootstrap(), process.argv.includes('--dev') ? 'dev' : 'release');
    say(`build/ is up to date: ${formatSize(builtSize())}`);
  });
}
