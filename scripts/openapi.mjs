// npm run openapi: writes openapi.json from the table of routes, by the very test that holds it to them.

import { bootstrap } from './bootstrap.mjs';
import { main, run, say } from './common.mjs';

const TEST = 'routes::document::the_committed_openapi_document_is_what_the_routes_say';

await main(async () => {
  const { env } = await bootstrap();
  const args = ['test', '--quiet', '--test', 'api', '--', '--exact', TEST];
  await run('cargo', args, { what: 'cargo test', env: { ...env, GODWIT_WRITE_OPENAPI: '1' } });
  say('openapi.json is what the routes say.');
});
