// Runs the browser tests, or those named: what measures delays by itself, the rest two files at a time, for most of
// their time is waited. `npm test`, `npm test e2e/shop.test.mjs`.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { build } from './programs.mjs';

const alone = ['latency', 'absence', 'return', 'pins'];
// The longest first, so that none is left over at the end.
const long = ['studio', 'console'];

const name = (file) => file.replace(/^.*\//, '').replace('.test.mjs', '');
const rank = (file) => (long.includes(name(file)) ? long.indexOf(name(file)) : long.length);
const asked = process.argv.slice(2);
const files = asked.length ? asked : readdirSync('e2e').filter((f) => f.endsWith('.test.mjs')).map((f) => `e2e/${f}`);

const env = { ...process.env, TEST_PROGRAMS: build() };
const run = (list, atOnce) =>
  list.length === 0 ||
  spawnSync(process.execPath, ['--test', `--test-concurrency=${atOnce}`, '--test-reporter=spec', '--test-timeout=300000', ...list], { env, stdio: 'inherit' }).status === 0;

const measured = run(files.filter((f) => alone.includes(name(f))), 1);
const rest = run(files.filter((f) => !alone.includes(name(f))).sort((a, b) => rank(a) - rank(b)), 2);
process.exitCode = measured && rest ? 0 : 1;
