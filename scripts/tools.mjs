// The two build tools that come as Rust source: worker-build and wasm-bindgen's CLI. Each is built once per machine
// and version, and shared by all clones.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Stop, at, cacheDir, output, run, say, seconds, sleep } from './common.mjs';

const WORKER_BUILD = '0.8.7';
const buildDir = cacheDir('tools', `.target-${process.pid}`);

/** The program that turns the crate into a Worker. */
export function workerBuild() {
  return tool('worker-build', WORKER_BUILD, 'about 2 minutes', installWorkerBuild);
}

/** wasm-bindgen's CLI refuses to work on the output of any other version of the crate than its own. */
export function wasmBindgen() {
  const lock = fs.readFileSync(at('Cargo.lock'), 'utf8');
  const version = /name = "wasm-bindgen"\nversion = "([^"]+)"/.exec(lock)?.[1];
  if (!version) throw new Stop('Cargo.lock does not name wasm-bindgen.', 'Run: git checkout Cargo.lock');
  return tool('wasm-bindgen', version, 'about 2 minutes', async (root) => {
    const args = ['install', `wasm-bindgen-cli@${version}`, '--bin', 'wasm-bindgen', '--root', root];
    // Its own lock file first, as its authors tested it; a yanked dependency in there must not stop anybody.
    await cargo([...args, '--locked']).catch(() => cargo(args));
  });
}

async function tool(name, version, duration, install) {
  const home = cacheDir('tools', `${name}-${version}`);
  const program = path.join(home, 'bin', name);
  if (fs.existsSync(program)) return program;
  fs.mkdirSync(cacheDir('tools'), { recursive: true });
  const release = await takeTurn(`${home}.lock`, () => fs.existsSync(program));
  if (!release) return program;
  const since = performance.now();
  say(`Building ${name} ${version} from crates.io: ${duration}, once on this machine …`);
  const fresh = fs.mkdtempSync(cacheDir('tools', `.${name}-`));
  try {
    await install(fresh);
    // Whole or not at all: a build that is broken off leaves nothing that looks like the tool.
    fs.renameSync(fresh, home);
    fs.rmSync(buildDir, { recursive: true, force: true });
  } finally {
    fs.rmSync(fresh, { recursive: true, force: true });
    release();
  }
  say(`  done in ${seconds(since)}`);
  return program;
}

/**
 * Waits until no other process does the same work. Answers with the function that ends the turn, or null when the
 * work was done meanwhile. A holder that died does not hold.
 */
async function takeTurn(lock, isDone) {
  for (let waiting = false; ; waiting = true) {
    try {
      fs.writeFileSync(lock, String(process.pid), { flag: 'wx' });
      if (!isDone()) return () => fs.rmSync(lock, { force: true });
      fs.rmSync(lock, { force: true });
      return null;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (!waiting) say('Another process is building a tool that is needed here; waiting for it …');
    await sleep(500);
    if (isDone()) return null;
    const holder = fs.existsSync(lock) ? Number(fs.readFileSync(lock, 'utf8')) : 0;
    if (holder > 0 && !isAlive(holder)) fs.rmSync(lock, { force: true });
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

// worker-build links OpenSSL, only to download programs that we hand to it, and OpenSSL's headers are not on every
// machine. Without that one feature of one dependency it builds with a C compiler alone, from its own lock file, and
// cannot download anything.
async function installWorkerBuild(root) {
  const source = path.join(root, 'src');
  fs.cpSync(crateSource('worker-build', WORKER_BUILD), source, { recursive: true });
  const manifest = path.join(source, 'Cargo.toml');
  const text = fs.readFileSync(manifest, 'utf8');
  const without = text.replace(/(\[dependencies\.ureq\][^[]*features = \[[^\]]*?)\s*"native-tls",/, '$1');
  if (without === text) throw new Stop(`worker-build ${WORKER_BUILD} does not look as expected: ${manifest}`);
  // Its own workspace, whatever Cargo.toml lies in a folder above the cache.
  fs.writeFileSync(manifest, `${without}\n[workspace]\n`);
  // Drops what OpenSSL needed from the lock file and changes nothing else, so that --locked can hold below.
  await cargo(['metadata', '--format-version=1', '--manifest-path', manifest], { stdio: ['ignore', 'ignore', 'inherit'] });
  // Its `dev` profile builds in half the time, and the tool itself only starts other programs.
  await cargo(['install', '--path', source, '--bin', 'worker-build', '--root', root, '--locked', '--profile=dev']);
  fs.rmSync(source, { recursive: true });
}

// `cargo info` is the client's own way to fetch and unpack one crate, whatever mirror it is configured to use.
function crateSource(name, version) {
  if (output('cargo', ['info', '--quiet', `${name}@${version}`], { cwd: cacheDir('tools') }) === null) {
    throw new Stop(`cargo could not fetch ${name} ${version} from crates.io.`, 'Check the network connection and try again.');
  }
  const sources = path.join(process.env.CARGO_HOME || path.join(os.homedir(), '.cargo'), 'registry', 'src');
  for (const registry of fs.existsSync(sources) ? fs.readdirSync(sources) : []) {
    const source = path.join(sources, registry, `${name}-${version}`);
    if (fs.existsSync(path.join(source, 'Cargo.toml'))) return source;
  }
  throw new Stop(`cargo fetched ${name} ${version}, but it is not in ${sources}.`);
}

function cargo(args, options = {}) {
  const env = {
    ...process.env,
    // A user's own CARGO_TARGET_DIR would fill up with what is needed once.
    CARGO_TARGET_DIR: buildDir,
    CARGO_PROFILE_DEV_DEBUG: '0',
    CARGO_TERM_QUIET: 'true',
  };
  // Flags meant for Godwit's own code (such as -D warnings) must not reach somebody else's.
  for (const name of ['RUSTFLAGS', 'CARGO_ENCODED_RUSTFLAGS', 'CARGO_BUILD_TARGET', 'CARGO_BUILD_RUSTFLAGS']) delete env[name];
  return run('cargo', args, { what: `cargo ${args[0]}`, env, cwd: cacheDir('tools'), ...options });
}
