/** Forgets what it made, without closing it: the garbage collector must end it all. Wants --expose-gc. */

import { setTimeout as sleep } from 'node:timers/promises';

import { Client, TokenManager } from '../../lib/index.js';
import { identity, keyrotorThreads, until } from '../support.js';

const request = process.argv[2] ?? '';

async function use(): Promise<void> {
  const manager = new TokenManager({ elastiCache: identity });
  await manager.tokenAsync();
  const client = await Client.connect(request);
  await client.execute(['PING']);
}

for (let round = 0; round < 20; round++) await use();
if (keyrotorThreads().length === 0) throw new Error('nothing ran');
const collecting = setInterval(() => globalThis.gc?.(), 5);
await sleep(20);
await until(
  () => keyrotorThreads().length === 0,
  () => `threads are left: ${keyrotorThreads().join(' ')}`,
);
clearInterval(collecting);
console.log('gone');
