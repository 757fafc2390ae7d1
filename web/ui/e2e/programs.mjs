// The programs under test, built by Go: once for a run of all files (run.mjs), or by a file that is run alone.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const packages = { livesrv: './cmd/livesrv', timecode: './internal/livetest/cmd/timecode' };

/** Builds them into a folder that goes with this process, and gives the folder. */
export function build() {
  const dir = mkdtempSync(path.join(tmpdir(), 'livesrv-bin-'));
  process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
  execFileSync('go', ['build', '-o', dir + path.sep, ...Object.values(packages)], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  return dir;
}

let folder = process.env.TEST_PROGRAMS;
/** The file of the program, or of the encoder with a clock in its picture. */
export function program(name) {
  folder ??= build();
  return path.join(folder, path.basename(packages[name]));
}
