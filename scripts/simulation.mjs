// The simulation and the model have a profile of their own: optimised, with every check of a debug build.

import { run } from './common.mjs';

/** Runs its tests that fit `filter`, one after the other, as each uses all cores. */
export async function simulate(env, filter, { vars = {}, onStdout } = {}) {
  const args = ['--test', 'simulation', '--', '--test-threads=1', '--nocapture', ...filter];
  await optimised(args, { what: 'the simulation', env: { ...env, ...vars }, onStdout });
}

/** Checks the protocol in every state. */
export async function checkModel(env, { onStdout } = {}) {
  await optimised(['--test', 'model'], { what: 'the model', env, onStdout });
}

async function optimised(args, options) {
  await run('cargo', ['test', '--profile', 'simulation', ...args], options);
}
