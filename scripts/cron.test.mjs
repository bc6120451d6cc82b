import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matches, startCrons } from './cron.mjs';

const at = (text) => new Date(`${text}:00Z`);

test('every minute fires in every minute', () => {
  assert.ok(matches('* * * * *', at('2026-11-21T13:37')));
});

test('a step fires on its multiples only', () => {
  assert.ok(matches('*/30 * * * *', at('2026-11-21T13:30')));
  assert.ok(!matches('*/30 * * * *', at('2026-11-21T13:31')));
  assert.ok(matches('0 */6 * * *', at('2026-11-21T18:00')));
  assert.ok(!matches('0 */6 * * *', at('2026-11-21T19:00')));
  assert.ok(!matches('0 */6 * * *', at('2026-11-21T18:01')));
});

test('a fixed time fires once a day', () => {
  assert.ok(matches('0 2 * * *', at('2026-11-21T02:00')));
  assert.ok(!matches('0 2 * * *', at('2026-11-21T14:00')));
});

test('weekdays count from Sunday, 1', () => {
  assert.ok(matches('0 9 * * 2-6', at('2026-11-20T09:00'))); // a Friday
  assert.ok(!matches('0 9 * * 2-6', at('2026-11-21T09:00')));
});

test('what is not understood is refused, not ignored', () => {
  for (const wrong of ['* * * *', '60 * * * *', 'MON * * * *', '*/0 * * * *', '5-1 * * * *', 'L * * * *']) {
    assert.throws(() => matches(wrong, at('2026-11-21T00:00')), wrong);
  }
});

test('each minute fires once, at its beginning', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: at('2026-11-21T13:28').getTime() + 30_000 });
  const fired = [];
  const off = startCrons(['* * * * *', '*/30 * * * *'], (expression, minute) => fired.push(`${expression} ${minute.toISOString().slice(11, 16)}`));
  context.mock.timers.tick(29_999);
  assert.deepEqual(fired, []);
  context.mock.timers.tick(1);
  context.mock.timers.tick(60_000);
  assert.deepEqual(fired, ['* * * * * 13:29', '* * * * * 13:30', '*/30 * * * * 13:30']);
  off();
  context.mock.timers.tick(600_000);
  assert.equal(fired.length, 3);
});
