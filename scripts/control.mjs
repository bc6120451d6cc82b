// The control server of a local run: what Cloudflare's own machinery would do, on request. It listens on 127.0.0.1 only.

import http from 'node:http';
import { Stop } from './common.mjs';

const BODY_LIMIT = 4_000_000;

/** Starts it on any free port; `shutdown` ends the whole server, `memory` is what watches it, if anything. Answers with its URL. */
export async function startControl(runtime, memory, shutdown) {
  const routes = {
    '/cron': async ({ cron = '* * * * *', time }) => runtime.cron(cron, time === undefined ? new Date() : new Date(time)),
    '/d1': async ({ sql, params = [], database = 'DB' }) => {
      const db = await runtime.database(database);
      return answer(await db.prepare(sql).bind(...params).all());
    },
    '/d1/batch': async ({ statements, database = 'DB' }) => {
      const db = await runtime.database(database);
      const prepared = statements.map(({ sql, params = [] }) => db.prepare(sql).bind(...params));
      return { results: (await db.batch(prepared)).map(answer) };
    },
    // `contentType` other than `text` is what Godwit itself never sends.
    '/queue': async ({ queue, body, delaySeconds, contentType = 'text' }) => {
      const producer = await runtime.queue(queue);
      await producer.send(body, { contentType, ...(delaySeconds === undefined ? {} : { delaySeconds }) });
      return {};
    },
    // Since the start, or since the last answer to `{"since": true}`.
    '/memory': async (options) => {
      if (!memory) throw new Stop('The memory is not watched: serve.mjs --memory');
      return memory.read(options);
    },
    '/shutdown': async () => {
      setTimeout(shutdown, 10);
      return {};
    },
  };
  const server = http.createServer(async (request, response) => {
    const reply = (status, value) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    const route = routes[request.url];
    if (!route || request.method !== 'POST') return reply(404, { error: `POST to one of ${Object.keys(routes).join(', ')}` });
    try {
      reply(200, await route(await bodyOf(request)));
    } catch (error) {
      // The text as D1 gives it: tests look for SQLite's words in it.
      reply(error instanceof Stop ? 400 : 500, { error: String(error.message ?? error) });
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.closeAllConnections() || server.close() };
}

const answer = ({ results, meta }) => ({ rows: results, meta });

async function bodyOf(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new Stop(`The body is longer than ${BODY_LIMIT} bytes.`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString() || '{}';
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Stop(`The body is not JSON: ${error.message}`);
  }
}
