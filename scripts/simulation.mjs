// The simulation and the model have a profile of their own: optimised, with every check of a debug build.

import { run } from './common.mjs';

// glibc gives memory back to the system after each life and asks for it again in the next: a third of the time. Other
// allocators pass these by.
const ALLOCATOR = { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '1000000000', MALLOC_TOP_PAD_: '67108864', MALLOC_MMAP_THRESHOLD_: '1000000000' };

/** Runs its tests that fit `filter`, one after the other, as each uses all cores. */
export async function simulate(env, filter, { vars = {}, onStdout } = {}) {
  const args = ['--test', 'simulation', '--', '--test-threads=1', '--nocapture', ...filter];
  await optimised(args, { what: 'the simulation', env: { ...ALLOCATOR, ...env, ...vars }, onStdout });
}

/** Checks the protocol in every state. */
export async function checkModel(env, { onStdout } = {}) {
  await optimised(['--test', 'model'], { what: 'the model', env, onStdout });
}

async function optimised(args, options) {
  await run('cargo', ['test', '--profile', 'simulation', ...args], options);
}
