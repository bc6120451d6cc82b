// What every script needs: where the repository is, how to run a program, how to stop with a clear message.

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
export const at = (...parts) => path.join(ROOT, ...parts);

/** Oldest Node that wrangler and miniflare run on. The scripts themselves start on Node 20. */
const MODERN_NODE = [22, 12];

/** An end that the reader can do something about: printed without a stack. */
export class Stop extends Error {
  constructor(message, remedy) {
    super(remedy ? `${message}\n  → ${remedy}` : message);
  }
}

/** Runs a script's main function and turns its failure into an exit code. */
export async function main(body) {
  try {
    await body();
  } catch (error) {
    console.error(error instanceof Stop ? `\nerror: ${error.message}` : error);
    process.exit(1);
  }
}

/** Progress goes to stderr, so that a script's stdout is its answer. */
export const say = (line) => console.error(line);

export const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** Runs a program to its end; its output is the reader's. Rejects with a `Stop` when it fails. */
export function run(command, args, { what = command, onStdout, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const stdio = ['ignore', onStdout ? 'pipe' : 'inherit', 'inherit'];
    const child = spawn(command, args, { cwd: ROOT, stdio, ...options });
    child.stdout?.on('data', onStdout);
    child.on('error', (error) => reject(new Stop(`${what} could not be started: ${error.message}`)));
    child.on('close', (code, signal) =>
      code === 0 ? resolve() : reject(new Stop(`${what} failed (${signal ?? `exit code ${code}`})`)),
    );
  });
}

/** What a program prints, or null when it is missing or fails. */
export function output(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', cwd: ROOT, ...options });
  return result.status === 0 ? result.stdout.trim() : null;
}

function isModern(version) {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number);
  return major > MODERN_NODE[0] || (major === MODERN_NODE[0] && minor >= MODERN_NODE[1]);
}

/** A Node that wrangler runs on: this one, or the one that npm installed beside wrangler. */
export function modernNode() {
  if (isModern(process.version)) return process.execPath;
  const installed = at('node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  const version = fs.existsSync(installed) && output(installed, ['--version']);
  if (version && isModern(version)) return installed;
  throw new Stop(
    `workerd's tools need Node ${MODERN_NODE.join('.')} or newer; this is ${process.version}, and no newer one came with npm for ${process.platform}-${process.arch}.`,
    'Install a current Node from https://nodejs.org and try again.',
  );
}

/** For scripts that import wrangler: starts the same script again on a modern Node, and never returns if it had to. */
export async function onModernNode(script) {
  if (isModern(process.version)) return;
  const child = spawn(modernNode(), [fileURLToPath(script), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  await new Promise(() => child.on('exit', (code) => process.exit(code ?? 1)));
}

/** Where tools that every clone shares are kept. */
export function cacheDir(...parts) {
  const base = process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');
  return path.join(base, 'godwit', ...parts);
}

/** SHA-256 over the names and contents of files and folders (missing ones count as missing), and `extra` text. */
export function hashOf(entries, extra = '') {
  const hash = createHash('sha256').update(extra);
  const visit = (entry) => {
    const info = fs.statSync(entry, { throwIfNoEntry: false });
    if (info?.isDirectory()) {
      for (const name of fs.readdirSync(entry).sort()) visit(path.join(entry, name));
      return;
    }
    hash.update(`\0${path.relative(ROOT, entry)}\0`);
    if (info) hash.update(fs.readFileSync(entry));
  };
  entries.forEach(visit);
  return hash.digest('hex');
}

/** Writes a file so that a reader, or a crash, never sees half of it. */
export function writeWhole(file, text, mode = 0o644) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const half = `${file}.${process.pid}.tmp`;
  fs.writeFileSync(half, text, { mode });
  fs.renameSync(half, file);
}

export function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw new Stop(`${file} is not readable: ${error.message}`);
  }
}

/** The port if it is free on 127.0.0.1 (0 asks for any), else null. */
export function freePort(port = 0) {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.once('error', () => resolve(null));
    probe.listen(port, '127.0.0.1', () => {
      const found = probe.address().port;
      probe.close(() => resolve(found));
    });
  });
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
