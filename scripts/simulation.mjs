// The simulation has a profile of its own: optimised, with every check of a debug build.

import { run } from './common.mjs';

/** Runs its tests that fit `filter`, one after the other, as each uses all cores. */
export async function simulate(env, filter, { vars = {}, onStdout } = {}) {
  const args = ['test', '--profile', 'simulation', '--test', 'simulation', '--', '--test-threads=1', '--nocapture', ...filter];
  await run('cargo', args, { what: 'the simulation', env: { ...env, ...vars }, onStdout });
}
