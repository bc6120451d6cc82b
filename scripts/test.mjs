// npm test: everything that must hold, in order, stopping at the first step that fails.
// `npm test -- <filter>` runs only the cargo tests whose name contains the filter; `npm test -- simulation` the simulation,
// `npm test -- model` the model.

import fs from 'node:fs';
import { bootstrap } from './bootstrap.mjs';
import { buildWorker } from './build.mjs';
import { Stop, at, main, modernNode, run, say, seconds } from './common.mjs';
import { buildSandbox } from './processes.mjs';
import { checkModel, simulate } from './simulation.mjs';

const WASM = ['--target', 'wasm32-unknown-unknown'];
const SIMULATION = 'simulation';
const MODEL = 'model';
const CLIPPY = ['--', '-D', 'warnings'];

await main(async () => {
  const since = performance.now();
  const [filter] = process.argv.slice(2);
  const prepared = await bootstrap({ components: filter ? [] : ['rustfmt', 'clippy'] });
  const { env } = prepared;
  const tally = { passed: 0, failed: 0 };
  const cargo = (args, extra = {}) => run('cargo', args, { what: `cargo ${args[0]}`, env: { ...env, ...extra } });

  const checks = [
    ['formatting', () => cargo(['fmt', '--check'])],
    ['the scripts', () => run(modernNode(), ['--test', '--test-reporter=dot', ...scriptTests()], { what: 'node --test' })],
    ['clippy, native', () => cargo(['clippy', '--quiet', '--all-targets', '--test', SIMULATION, '--test', MODEL, ...CLIPPY])],
    ['clippy, wasm32', () => cargo(['clippy', '--quiet', '--lib', ...WASM, ...CLIPPY])],
    ['documentation', () => cargo(['doc', '--quiet', '--no-deps', '--document-private-items'], { RUSTDOCFLAGS: '-D warnings' })],
  ];
  const tests = [
    ['the Worker', () => buildWorker(prepared)],
    ['the sandbox', () => buildSandbox(env)],
    ['tests', () => cargoTest(env, filter, tally)],
  ];
  for (const [name, step] of filter ? tests : [...checks, ...tests]) await perform(name, step);
  console.log(`\nEverything passed in ${seconds(since)}.`);
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
});

async function perform(name, step) {
  const since = performance.now();
  say(`\n── ${name}`);
  try {
    await step();
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    console.log(`\nnpm test stopped at "${name}": ${error.message}`);
    process.exit(1);
  }
  say(`   ${name}: ok (${seconds(since)})`);
}

function scriptTests() {
  return fs.readdirSync(at('scripts')).filter((name) => name.endsWith('.test.mjs')).map((name) => at('scripts', name));
}

/** All of them, to the end, so that one failure does not hide another. Adds up what cargo reports. */
async function cargoTest(env, filter, tally) {
  let rest = '';
  const onStdout = (chunk) => {
    process.stdout.write(chunk);
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      const [, passed, failed] = /^test result: .*?(\d+) passed; (\d+) failed/.exec(line) ?? [];
      tally.passed += Number(passed ?? 0);
      tally.failed += Number(failed ?? 0);
    }
  };
  const edge = { GODWIT_NODE: modernNode(), GODWIT_SERVE: at('scripts', 'serve.mjs') };
  const args = ['test', '--no-fail-fast', ...(filter ? [filter] : [])];
  try {
    if (![SIMULATION, MODEL].includes(filter)) await run('cargo', args, { what: 'cargo test', env: { ...env, ...edge }, onStdout });
    if (!filter || filter === MODEL) await checkModel(env, { onStdout });
    if (!filter || filter === SIMULATION) await simulate(env, [], { onStdout });
  } catch (error) {
    console.log(`\n${tally.passed} passed, ${tally.failed} failed`);
    throw error;
  }
  if (tally.passed === 0) throw new Stop(filter ? `no test has "${filter}" in its name` : 'cargo ran no test');
}
