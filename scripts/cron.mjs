// When a cron trigger fires: the forms of https://developers.cloudflare.com/workers/configuration/cron-triggers/ that
// wrangler.toml uses: `*`, `*/n`, numbers, ranges, lists, in UTC.

const FIELDS = [
  { name: 'minute', min: 0, max: 59, of: (date) => date.getUTCMinutes() },
  { name: 'hour', min: 0, max: 23, of: (date) => date.getUTCHours() },
  { name: 'day', min: 1, max: 31, of: (date) => date.getUTCDate() },
  { name: 'month', min: 1, max: 12, of: (date) => date.getUTCMonth() + 1 },
  // Cloudflare counts weekdays from 1, Sunday.
  { name: 'weekday', min: 1, max: 7, of: (date) => date.getUTCDay() + 1 },
];

/** Whether `expression` fires in the minute of `date`. Throws on a form it does not know. */
export function matches(expression, date) {
  const parts = expression.trim().split(/\s+/);
  if (parts.length !== FIELDS.length) throw new Error(`cron "${expression}" must have five fields`);
  const hits = FIELDS.map((field, index) => allowed(parts[index], field, expression).has(field.of(date)));
  return hits.every(Boolean);
}

function allowed(part, { name, min, max }, expression) {
  const values = new Set();
  for (const item of part.split(',')) {
    const form = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(item);
    const step = Number(form?.[3] ?? 1);
    const first = Number(form?.[1] ?? min);
    // `5/10` means from 5 on; a lone `5` is only itself.
    const last = Number(form?.[2] ?? (form?.[1] && !form[3] ? first : max));
    if (!form || step < 1 || first < min || last > max || first > last) {
      throw new Error(`cron "${expression}": ${name} "${item}" is not understood`);
    }
    for (let value = first; value <= last; value += step) values.add(value);
  }
  return values;
}

/** Calls `fire(expression, minute)` at the start of every minute in which an expression matches. Returns the off switch. */
export function startCrons(expressions, fire) {
  expressions.forEach((expression) => matches(expression, new Date(0)));
  let timer;
  const wait = (next) => {
    timer = setTimeout(() => {
      // A timer may fire a moment before its time, by the wall clock; the minute must not be counted twice.
      if (Date.now() < next) return wait(next);
      // A laptop that slept wakes up here: only the current minute is fired, as the platform does not catch up either.
      const minute = minuteOf(Date.now());
      wait(minute + 60_000);
      for (const expression of expressions) {
        if (matches(expression, new Date(minute))) fire(expression, new Date(minute));
      }
    }, next - Date.now());
  };
  wait(minuteOf(Date.now()) + 60_000);
  return () => clearTimeout(timer);
}

const minuteOf = (time) => Math.floor(time / 60_000) * 60_000;
