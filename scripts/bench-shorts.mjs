// Shorts that the sandbox's hub announces, one after the other: how soon each is on X. Hub and X write down when they called
// and were called, by one clock.

import { Stop, sleep } from './common.mjs';

/** How long anything here may take. */
const PATIENCE_MS = 60_000;

/** The milliseconds from the hub's POST to X's create call, and to the POST's answer, of each of `count` Shorts. */
export async function announce(client, sandbox, account, count) {
  const source = await client.send('/sources/youtube', { channel: '@godwit', accounts: [account] });
  await until('the hub has not verified', async () => {
    const { health } = await client.get(`/sources/${source.id}`);
    return health.push.state === 'verified' && health.poll.state === 'working';
  });
  const first = (await creates(sandbox)).length;
  for (let n = 0; n < count; n += 1) {
    await publish(sandbox, `Short ${n}`);
    // Until the post is settled too, so that nothing of it is left when the next one comes.
    await until(`Short ${n} is not posted`, async () => {
      const { items } = await client.get('/history?limit=1');
      return items[0]?.text.includes(`Short ${n}\n`);
    });
  }
  const { sent } = await answer(`${sandbox.youtube_url}/_sandbox/sent`);
  const notices = sent.filter(({ errand }) => errand === 'deliver');
  const calls = (await creates(sandbox)).slice(first);
  if (notices.length !== count || calls.length !== count) {
    throw new Stop(`${count} Shorts were ${notices.length} notifications and ${calls.length} create calls.`);
  }
  return {
    toX: notices.map((notice, n) => calls[n].at_ms - notice.at_ms),
    toAnswer: notices.map((notice) => notice.answered_ms - notice.at_ms),
  };
}

async function publish(sandbox, title) {
  const body = JSON.stringify({ channel: '@godwit', title });
  await answer(`${sandbox.youtube_url}/_sandbox/videos`, { method: 'POST', body });
}

async function creates(sandbox) {
  const { requests } = await answer(`${sandbox.url}/_sandbox/requests`);
  return requests.filter(({ method, path }) => method === 'POST' && path === '/2/tweets');
}

async function answer(url, options) {
  const response = await fetch(url, options);
  const text = await response.text();
  if (!response.ok) throw new Stop(`${url} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}

async function until(otherwise, isSo) {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await sleep(20)) {
    if (await isSo()) return;
  }
  throw new Stop(`After ${PATIENCE_MS / 1000} s ${otherwise}.`);
}
