/** One certificate authority for all emulators of a process: TLS libraries read theirs once and keep them. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let made: string | undefined;

/** The folder that keeps it, which ends with the process. */
export function folder(): string {
  if (made === undefined) {
    const path = mkdtempSync(join(tmpdir(), 'keyrotor-testing-'));
    process.once('exit', () => {
      rmSync(path, { recursive: true, force: true });
    });
    made = path;
  }
  return made;
}
