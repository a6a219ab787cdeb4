/** Threads and descriptors of this process; apart, since the package must not be loaded for it. */

import { readdirSync } from 'node:fs';

export interface Counts {
  threads: number;
  descriptors: number;
}

export function counts(): Counts {
  return {
    threads: readdirSync('/proc/self/task').length,
    // The folder that is being read counts as one, each time.
    descriptors: readdirSync('/proc/self/fd').length,
  };
}
