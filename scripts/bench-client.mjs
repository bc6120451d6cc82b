// A frontend without a browser: registers, connects X accounts through the sandbox's consent form, posts.

import { randomBytes } from 'node:crypto';
import { Stop } from './common.mjs';

export class Client {
  #base;
  #token;

  constructor(url) {
    this.#base = `${url}/api/v1`;
  }

  async register() {
    const user = { email: 'bench@godwit.test', name: 'Bench', password: randomBytes(18).toString('base64url') };
    this.#token = (await this.#call('POST', '/auth/register', user)).token;
  }

  get(route) {
    return this.#call('GET', route);
  }

  send(route, body, headers) {
    return this.#call('POST', route, body, headers);
  }

  post(text, account, headers) {
    return this.send('/posts', { text, accounts: [account] }, headers);
  }

  async #call(method, route, body, headers = {}) {
    const authorization = this.#token ? { authorization: `Bearer ${this.#token}` } : {};
    const response = await fetch(this.#base + route, {
      method,
      headers: { 'content-type': 'application/json', ...authorization, ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Stop(`${method} ${route} answered ${response.status}: ${text}`);
    return JSON.parse(text);
  }
}

/** Makes a user at the sandbox, lets them agree, and comes back through the callback. Answers with the account's id. */
export async function connect(client, sandboxUrl, username) {
  const made = await fetch(`${sandboxUrl}/_sandbox/users`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, name: username }),
  });
  if (!made.ok) throw new Stop(`The sandbox refused a user: ${made.status} ${await made.text()}`);
  const { authorization_url: page } = await client.send('/connections/x/authorize', {});
  const shown = await fetch(page);
  if (!shown.ok) throw new Stop(`The consent page answered ${shown.status}: ${await shown.text()}`);
  const form = new URLSearchParams(new URL(page).searchParams);
  form.set('username', username);
  form.set('decision', 'authorize');
  const agreed = await fetch(page.split('?')[0], { method: 'POST', body: form, redirect: 'manual' });
  const callback = agreed.headers.get('location');
  if (!callback) throw new Stop(`The consent was answered with ${agreed.status}: ${await agreed.text()}`);
  const back = await fetch(callback);
  const text = await back.text();
  if (!back.ok) throw new Stop(`The callback answered ${back.status}: ${text}`);
  const { items } = await client.get('/accounts?limit=100');
  const account = items.find(({ handle }) => handle.replace('@', '') === username);
  if (!account) throw new Stop(`@${username} agreed, but is not among the accounts.`);
  return account.id;
}

/** Does `work(0)` to `work(count - 1)`, `width` at a time. */
export async function inParallel(count, width, work) {
  let next = 0;
  const lane = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, lane));
}
