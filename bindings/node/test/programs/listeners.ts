/** One listener throws, which is the process's affair as with any event; the others hear all the same. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

import { TokenManager } from '../../lib/index.js';
import { identity } from '../support.js';

let thrown = 0;
process.on('uncaughtException', () => {
  thrown += 1;
});

// Somebody else, elsewhere, used the package first.
const other = new TokenManager({ elastiCache: identity });
const storage = new AsyncLocalStorage<string>();
await storage.run('theirs', () => other.tokenAsync());
other.close();

const seen = { early: [] as number[], late: [] as number[], once: [] as number[], thrown: 0, context: '' };
const manager = new TokenManager({ elastiCache: identity });
storage.run('mine', () => {
  manager.on('token', () => {
    throw new Error('a listener of ours');
  });
  manager.on('token', credential => {
    seen.early.push(credential.generation);
    seen.context = storage.getStore() ?? '';
  });
});
while (seen.early.length < 1) await sleep(5);
manager.on('token', ({ generation }) => seen.late.push(generation));
manager.once('token', ({ generation }) => seen.once.push(generation));
await sleep(5);
await manager.refresh();
while (seen.late.length < 2) await sleep(5);
await sleep(20);
seen.thrown = thrown;
manager.close();
console.log(JSON.stringify(seen));
