#!/usr/bin/env node
/** The `keyrotor` command. It is native code, which holds this thread until it ends. */

import { native } from './native.js';

// `emulate` handles signals itself and calls the handlers that were there before. Node's default ones raise the signal
// again, and so for ever; these take their place. Other commands are ended by the defaults.
if (process.argv.includes('emulate')) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
}

if (!native.main) throw new Error('this build of keyrotor has no command (its feature `cli` was left out)');
process.exit(native.main(['keyrotor', ...process.argv.slice(2)]));
