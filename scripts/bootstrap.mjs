// Installs what is missing to build, run and test Godwit: silent and quick when nothing is.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Stop, at, hashOf, main, output, run, say, seconds } from './common.mjs';
import { wasmBindgen, workerBuild } from './tools.mjs';

const WASM = 'wasm32-unknown-unknown';
const RUSTUP = 'Install Rust with rustup (https://rustup.rs), open a new terminal, and try again.';

/**
 * Prepares this machine for building. `env` is what programs are to be started with: it names the tools that
 * worker-build would otherwise download. `components` are the parts of Rust that are needed beyond the compiler.
 */
export async function bootstrap({ components = [] } = {}) {
  findCargo();
  const rust = await prepareRust(components);
  await prepareNpm();
  const tools = {
    WASM_BINDGEN_BIN: await wasmBindgen(),
    WASM_OPT_BIN: at('node_modules', '.bin', 'wasm-opt'),
    ESBUILD_BIN: at('node_modules', '.bin', 'esbuild'),
  };
  // No metrics: a test or a first try must not call home.
  const env = { ...process.env, ...tools, WRANGLER_SEND_METRICS: 'false' };
  return { env, rust, workerBuild: await workerBuild() };
}

// A shell opened before rustup was installed does not have it on its PATH yet.
function findCargo() {
  const bin = path.join(process.env.CARGO_HOME || path.join(os.homedir(), '.cargo'), 'bin');
  const found = process.env.PATH.split(path.delimiter).some((dir) => fs.existsSync(path.join(dir, 'cargo')));
  if (!found && fs.existsSync(path.join(bin, 'cargo'))) {
    process.env.PATH = `${bin}${path.delimiter}${process.env.PATH}`;
  }
}

async function prepareRust(components) {
  const version = output('rustc', ['--version']);
  if (!version) throw new Stop('Rust is not installed.', RUSTUP);
  const wanted = /^rust-version\s*=\s*"(\d+)\.(\d+)/m.exec(fs.readFileSync(at('Cargo.toml'), 'utf8'));
  const have = /rustc (\d+)\.(\d+)/.exec(version);
  if (wanted && (+have[1] < +wanted[1] || (+have[1] === +wanted[1] && +have[2] < +wanted[2]))) {
    throw new Stop(`Godwit needs Rust ${wanted[1]}.${wanted[2]} or newer; this is ${version}.`, 'Run: rustup update stable');
  }
  const onPath = (name) => process.env.PATH.split(path.delimiter).some((dir) => fs.existsSync(path.join(dir, name)));
  if (!['cc', 'gcc', 'clang'].some(onPath)) {
    throw new Stop('No C compiler was found; Rust needs one to link.', 'Install one: `apt install build-essential`, or `xcode-select --install` on macOS.');
  }
  const sysroot = output('rustc', ['--print', 'sysroot']);
  if (!fs.existsSync(path.join(sysroot, 'lib', 'rustlib', WASM))) {
    say(`Adding Rust's ${WASM} target (about 20 MB, once) …`);
    await rustup(['target', 'add', WASM]);
  }
  const missing = components.filter((name) => !fs.existsSync(path.join(sysroot, 'bin', `cargo-${name.replace('rust', '')}`)));
  if (missing.length > 0) {
    say(`Adding ${missing.join(' and ')} to Rust (once) …`);
    await rustup(['component', 'add', ...missing]);
  }
  return version;
}

async function rustup(args) {
  if (!output('rustup', ['--version'])) throw new Stop(`rustup is needed to run \`rustup ${args.join(' ')}\`.`, RUSTUP);
  await run('rustup', args, { what: `rustup ${args[0]}` });
}

async function prepareNpm() {
  const stamp = at('node_modules', '.godwit-stamp');
  const wanted = hashOf([at('package.json'), at('package-lock.json'), at('.npmrc')], `${process.platform}-${process.arch}`);
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === wanted) return;
  const since = performance.now();
  say('Installing npm packages: wrangler with workerd, binaryen, esbuild, a current Node (about 150 MB to fetch, once) …');
  // --loglevel=error: npm would warn that the system's Node is too old for wrangler, which runs on the one it installs.
  // --include: NODE_ENV=production, or a user's omit, must not leave out the tools that are all we install.
  const args = ['ci', '--loglevel=error', '--include=dev', '--include=optional'];
  await run('npm', args, { what: 'npm ci', stdio: ['ignore', 'ignore', 'inherit'] });
  fs.writeFileSync(stamp, wanted);
  say(`  done in ${seconds(since)}`);
}

if (process.argv[1] === at('scripts', 'bootstrap.mjs')) {
  await main(async () => {
    const since = performance.now();
    await bootstrap({ components: ['rustfmt', 'clippy'] });
    say(`Everything needed is here (${seconds(since)}).`);
  });
}
