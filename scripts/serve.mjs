// Serves the built Worker on workerd until it is told to stop.
//
//   node scripts/serve.mjs [--port N] [--state DIR] [--var NAME=VALUE]… [--vars-file FILE] [--cron]
//                          [--exit-with-stdin] [--quiet] [--memory]
//
// Prints one line of JSON when it serves: {"url", "control", "pid", "workerd_pid"}. Everything else goes to stderr.

import module from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Stop, at, main, onModernNode, readJson, say } from './common.mjs';
import { startControl } from './control.mjs';
import { startCrons } from './cron.mjs';
import { watchMemory } from './memory.mjs';
import { migrate } from './migrate.mjs';
import { startRuntime } from './runtime.mjs';

/** The sweep's trigger, as wrangler.toml has it. */
const EVERY_MINUTE = '* * * * *';

/** How long a clean stop may take before it is cut short. */
const STOP_MS = 1_500;

await onModernNode(import.meta.url);
// wrangler is ten megabytes of JavaScript; compiled once, it loads in two thirds of the time.
module.enableCompileCache(at('node_modules', '.cache', 'compiled'));
// A library that chats on stdout would break the one line that callers wait for.
console.log = console.info = console.debug = console.error;
await main(serve);

async function serve() {
  const options = readOptions();
  const ending = { begun: false };
  const runtime = await startRuntime({
    ...options,
    inspect: options.memory,
    onDeath: (code, signal) => {
      say(`error: workerd ended unexpectedly (${signal ?? `exit code ${code}`}); stopping.`);
      process.exit(1);
    },
  });
  const steps = [() => runtime.stop()];
  const stop = async (code = 0) => {
    if (ending.begun) return;
    ending.begun = true;
    setTimeout(() => process.exit(code), STOP_MS);
    for (const step of steps.reverse()) await step();
    process.exit(code);
  };
  // In place of miniflare's own listeners, which end the process at once and count a stop as a failure.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(signal).on(signal, () => void stop());
  if (options.exitWithStdin) process.stdin.on('end', () => void stop()).on('error', () => void stop()).resume();
  try {
    const applied = await migrate(runtime);
    if (applied.length > 0 && !options.quiet) say(`Applied migrations: ${applied.join(', ')}`);
    const memory = options.memory ? await watchMemory(runtime.inspector, runtime.name) : null;
    if (memory) steps.push(memory.stop);
    const control = await startControl(runtime, memory, stop);
    steps.push(control.close);
    if (options.cron) {
      steps.push(startCrons(runtime.crons, (cron, minute) => void fire(runtime, cron, minute, ending)));
      // What fell due while nothing ran here shall not wait for the next minute, nor shall /health complain of it.
      if (runtime.crons.includes(EVERY_MINUTE)) void fire(runtime, EVERY_MINUTE, new Date(), ending);
    }
    const where = { url: runtime.url, control: control.url, pid: process.pid, workerd_pid: runtime.workerdPid };
    process.stdout.write(`${JSON.stringify(where)}\n`);
  } catch (error) {
    // Told to stop while starting: what fails then fails because of it.
    if (ending.begun) return;
    say(error instanceof Stop ? `error: ${error.message}` : String(error.stack));
    await stop(1);
  }
}

async function fire(runtime, cron, minute, ending) {
  try {
    const { outcome } = await runtime.cron(cron, minute);
    if (outcome !== 'ok') say(`cron "${cron}" ended with ${outcome}`);
  } catch (error) {
    if (!ending.begun) say(`cron "${cron}" failed: ${error.message}`);
  }
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      state: { type: 'string', default: '.godwit' },
      var: { type: 'string', multiple: true, default: [] },
      'vars-file': { type: 'string' },
      cron: { type: 'boolean', default: false },
      'exit-with-stdin': { type: 'boolean', default: false },
      quiet: { type: 'boolean', default: false },
      memory: { type: 'boolean', default: false },
    },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Stop(`--port must be a number up to 65535, not "${values.port}".`);
  const vars = { ...(values['vars-file'] ? readJson(values['vars-file']) : {}) };
  for (const pair of values.var) {
    const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/s.exec(pair) ?? [];
    if (!name) throw new Stop('--var must look like NAME=VALUE.');
    vars[name] = value;
  }
  return {
    port,
    vars,
    state: path.resolve(values.state),
    cron: values.cron,
    quiet: values.quiet,
    memory: values.memory,
    exitWithStdin: values['exit-with-stdin'],
  };
}
