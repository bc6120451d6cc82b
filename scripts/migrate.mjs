// D1 migrations, each applied once and in order, recorded as wrangler records them: `wrangler d1 migrations apply` and
// this script understand each other's databases.

import fs from 'node:fs';
import path from 'node:path';
import { Stop, at } from './common.mjs';

const TABLE = `CREATE TABLE IF NOT EXISTS "d1_migrations"(
		id         INTEGER PRIMARY KEY AUTOINCREMENT,
		name       TEXT UNIQUE,
		applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`;

/** Brings every D1 database of the configuration up to date. Answers with the names of what was applied. */
export async function migrate(runtime) {
  const done = [];
  for (const { binding, migrations_dir: folder = 'migrations' } of runtime.migrations) {
    const db = await runtime.database(binding);
    await db.prepare(TABLE).run();
    const { results } = await db.prepare('SELECT name FROM "d1_migrations"').all();
    const applied = new Set(results.map(({ name }) => name));
    for (const name of migrationNames(at(folder)).filter((name) => !applied.has(name))) {
      const sql = fs.readFileSync(path.join(at(folder), name), 'utf8');
      const statements = runtime.splitSql(sql).map((statement) => db.prepare(statement));
      const record = db.prepare('INSERT INTO "d1_migrations" (name) VALUES (?)').bind(name);
      // One batch is one transaction: a migration is applied and recorded, or neither.
      await db.batch([...statements, record]).catch((error) => {
        throw new Stop(`Migration ${name} failed: ${error.message}`);
      });
      done.push(name);
    }
  }
  return done;
}

/** By their leading number, as wrangler orders them. */
function migrationNames(folder) {
  if (!fs.existsSync(folder)) return [];
  const number = (name) => Number.parseInt(name, 10);
  return fs.readdirSync(folder).filter((name) => name.endsWith('.sql')).sort((a, b) => number(a) - number(b) || (a < b ? -1 : 1));
}
