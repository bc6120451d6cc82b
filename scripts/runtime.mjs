// Godwit on workerd, as wrangler.toml describes it: the one way it runs on this machine, for `npm start`, the tests and
// the benchmark. Miniflare is used directly because `wrangler dev` puts a proxy in front that costs 4-5 times the speed.

import childProcess from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { Stop, at, freePort } from './common.mjs';

const SHELL = '/bin/sh';

/**
 * Starts the Worker that lies in build/.
 *
 * `state` is the folder that D1, R2 and the objects live in; it survives the death of every process here at any moment.
 * `port` 0 takes any free one. `vars` override those of wrangler.toml; `{url}` in a value becomes the Worker's own URL.
 * `inspect` opens workerd's inspector. `onDeath(code, signal)` is called when workerd ends without being told to.
 */
export async function startRuntime({ state, port, vars, quiet, inspect, onDeath }) {
  const script = at('build', 'index.js');
  if (!fs.existsSync(script)) throw new Stop('The Worker is not built.', 'Run: npm run build');
  process.env.WRANGLER_SEND_METRICS = 'false';
  // The configuration is wrangler.toml and what the caller hands over, nothing that lies around on this machine.
  process.env.CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV = 'false';
  const workerd = watchWorkerd(onDeath);
  const [wrangler, miniflare] = await Promise.all([import('wrangler'), import('miniflare')]);
  const config = wrangler.unstable_readConfig({ config: at('wrangler.toml') });
  // Its rules say how to guess a module's type; the two modules here are known.
  const { modulesRules: _, ...workerOptions } = wrangler.unstable_getMiniflareWorkerOptions(config).workerOptions;
  if (workerOptions.assets && !fs.existsSync(workerOptions.assets.directory)) delete workerOptions.assets;

  fs.mkdirSync(state, { recursive: true });
  const temporary = path.join(state, 'tmp');
  fs.rmSync(temporary, { recursive: true, force: true });
  // Known before the Worker starts, because BASE_URL must name it.
  const chosen = port || (await freePort());
  const url = `http://127.0.0.1:${chosen}`;
  const bindings = Object.fromEntries(
    Object.entries({ ...config.vars, ...vars }).map(([name, value]) => [name, expand(value, url)]),
  );
  const modules = [
    { type: 'ESModule', path: script },
    { type: 'CompiledWasm', path: at('build', 'index_bg.wasm') },
  ];
  const worker = { ...workerOptions, name: config.name, modules, modulesRoot: at('build'), bindings };
  const options = {
    host: '127.0.0.1',
    port: chosen,
    workers: [worker, postOffice(config)],
    resourcePersistencePath: state,
    resourceTmpPath: temporary,
    // Else it would fetch an example of Request.cf from the network.
    cf: false,
    telemetry: { enabled: false },
    ...(inspect ? { inspectorPort: 0 } : {}),
    log: new (stderrLog(miniflare))(quiet ? miniflare.LogLevel.ERROR : miniflare.LogLevel.WARN),
    handleStructuredLogs: ({ level, message }) => {
      if (!quiet || level === 'error' || level === 'warn') process.stderr.write(`${message}\n`);
    },
  };
  const mf = new miniflare.Miniflare(miniflare.convertV4MiniflareOptions(options));
  try {
    await mf.ready;
  } catch (error) {
    workerd.expectEnd();
    await mf.dispose().catch(() => {});
    if (error.code === 'ERR_ADDRESS_IN_USE') throw portTaken(chosen);
    throw error;
  }
  const main = await mf.getWorker(config.name);
  return {
    url,
    workerdPid: workerd.pid(),
    name: config.name,
    inspector: inspect ? await mf.getInspectorURL() : null,
    crons: config.triggers.crons ?? [],
    migrations: config.d1_databases,
    splitSql: wrangler.unstable_splitSqlQuery,
    database: (binding) => mf.getD1Database(binding, config.name),
    queue: (name) => mf.getQueueProducer(queueName(config, name), POST_OFFICE),
    /** Runs the scheduled event to its end. */
    cron: (cron, time) => main.scheduled({ cron, scheduledTime: time }),
    async stop() {
      workerd.expectEnd();
      await mf.dispose();
      workerd.forget();
    },
  };
}

export const portTaken = (port) =>
  new Stop(`Port ${port} is already in use.`, `End the program that uses it, or choose another port: PORT=${port + 1} npm start`);

const expand = (value, url) => (typeof value === 'string' ? value.replaceAll('{url}', url) : value);

const POST_OFFICE = 'post-office';

/** A Worker that does nothing but hold the right to send to every queue, dead-letter queues included. */
function postOffice(config) {
  const queues = (config.queues.consumers ?? []).map(({ queue }) => [queue, queue]);
  return { name: POST_OFFICE, modules: true, script: 'export default {}', compatibilityDate: config.compatibility_date, queueProducers: Object.fromEntries(queues) };
}

/** A queue by its full name, or by what comes after the Worker's: `publish`, `publish-dead`. */
function queueName(config, name) {
  const names = (config.queues.consumers ?? []).map(({ queue }) => queue);
  const found = [name, `${config.name}-${name}`].find((candidate) => names.includes(candidate));
  if (!found) throw new Stop(`There is no queue "${name}" with a consumer; there are ${names.join(', ')}.`);
  return found;
}

// stdout belongs to the one line that tells callers where everything is.
function stderrLog({ Log }) {
  return class extends Log {
    log(message) {
      process.stderr.write(`${message}\n`);
    }
  };
}

/**
 * Watches the processes that miniflare starts, which keeps their ids to itself and restarts what dies. Tests kill workerd
 * and must know that it is dead; so its death is the end of the server here.
 */
function watchWorkerd(onDeath) {
  const original = childProcess.spawn;
  let child;
  let guard;
  let expected = false;
  childProcess.spawn = (command, args, options) => {
    if (!Array.isArray(args) || args[0] !== 'serve') return original(command, args, options);
    // A group of its own: Ctrl-C in a terminal goes to the whole group, and workerd must not die before it is told.
    child = original(command, args, { ...options, detached: true });
    guard = startGuard(original, child.pid);
    child.once('exit', (code, signal) => {
      if (!expected) onDeath(code, signal);
    });
    return child;
  };
  syncBuiltinESMExports();
  return {
    pid: () => child.pid,
    expectEnd: () => {
      expected = true;
    },
    forget: () => guard?.kill('SIGKILL'),
  };
}

/** workerd outlives a parent that gets SIGKILL, and keeps the port: this process waits for that moment and ends it. */
function startGuard(spawn, pid) {
  const guard = spawn(SHELL, ['-c', `cat >/dev/null; kill -9 ${pid} 2>/dev/null`], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  guard.stdin.on('error', () => {});
  guard.unref();
  return guard;
}
