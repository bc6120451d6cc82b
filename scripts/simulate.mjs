// npm run simulate -- --runs 1000000 --seed 1: lives so many seeds from this one on, and says what they went through.
// With --runs 1, the whole life of that seed, step by step. What is promised and checked is in docs/guarantees.md.

import { parseArgs } from 'node:util';
import { bootstrap } from './bootstrap.mjs';
import { Stop, main, say, seconds } from './common.mjs';
import { simulate } from './simulation.mjs';

await main(async () => {
  const options = { runs: { type: 'string', default: '20000' }, seed: { type: 'string', default: '1' } };
  const { values } = parseArgs({ options });
  for (const [name, value] of Object.entries(values)) {
    if (!/^[1-9]\d{0,15}$/.test(value)) throw new Stop(`--${name} takes a whole number from 1 on, not "${value}"`);
  }
  const { env } = await bootstrap();
  const since = performance.now();
  await simulate(env, ['--exact', 'no_life_breaks_a_promise'], {
    vars: { GODWIT_SIMULATE_RUNS: values.runs, GODWIT_SIMULATE_SEED: values.seed },
  });
  say(`No promise was broken in ${values.runs} lives (${seconds(since)}).`);
});
