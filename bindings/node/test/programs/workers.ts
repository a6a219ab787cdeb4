/** Workers that are terminated while they fetch, connect, listen and wait; the process must live on. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';

import { Client, TokenManager } from '../../lib/index.js';
import { identity } from '../support.js';

async function work(request: string): Promise<void> {
  const { accessKey: _, ...chain } = identity;
  const stuck = new TokenManager({ elastiCache: chain });
  stuck.on('token', () => undefined).on('error', () => undefined);
  void stuck.tokenAsync().catch(() => undefined);
  const manager = new TokenManager({ elastiCache: identity });
  manager.on('token', () => undefined);
  const client = await Client.connect(request);
  void Client.connect(request);
  parentPort?.postMessage('busy');
  for (;;) {
    void manager.refresh();
    await Promise.all(Array.from({ length: 100 }, () => client.execute(['INCR', 'workers'])));
  }
}

async function terminateMany(request: string): Promise<void> {
  const file = fileURLToPath(import.meta.url);
  for (let round = 0; round < 10; round++) {
    const workers = [0, 1].map(() => new Worker(file, { workerData: request }));
    await Promise.all(workers.map(worker => once(worker, 'message')));
    await sleep(round * 3);
    await Promise.all(workers.map(worker => worker.terminate()));
  }
  await using client = await Client.connect(request);
  assert.equal(await client.execute(['PING']), 'PONG');
  console.log('alive');
}

if (isMainThread) await terminateMany(process.argv[2] ?? '');
else await work(workerData as string);
