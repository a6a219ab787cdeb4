/** What runs, what stays, and what keeps a process alive. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';

import { Client, TokenManager } from '../lib/index.js';
import { Emulator } from './emulator.js';
import { counts, identity, keyrotorThreads, program, stuckSource, until } from './support.js';

let emulator: Emulator;
before(async () => {
  emulator = await Emulator.start();
});
after(() => emulator.stop());

const request = (): string => JSON.stringify(emulator.request());

test('T12 nothing runs at import or construction', async () => {
  const { code, stdout, stderr } = await program('import');
  assert.equal(code, 0, stderr);
  const { before, imported, constructed, used } = JSON.parse(stdout) as Record<string, { threads: number }>;
  assert.deepEqual(imported, before);
  assert.deepEqual(constructed, before);
  assert.equal(used?.threads, (before?.threads ?? 0) + 1, 'one thread serves all managers');
});

test('T18 1,000 managers that were used and closed leave nothing', async () => {
  await thousand(async () => {
    const manager = new TokenManager({ elastiCache: identity });
    manager.on('token', () => undefined).on('stale', () => undefined);
    await manager.tokenAsync();
    manager.close();
  });
});

/** Counts before and after 1,000 rounds, with no help from the garbage collector. */
async function thousand(round: () => Promise<void>): Promise<void> {
  await round();
  await until(
    () => keyrotorThreads().length === 0,
    () => 'the thread does not end',
  );
  const before = counts();
  for (let index = 0; index < 1000; index++) await round();
  await until(
    () => keyrotorThreads().length === 0,
    () => `threads are left: ${keyrotorThreads().join(' ')}`,
  );
  await until(
    () => counts().descriptors === before.descriptors,
    () => `descriptors: ${counts().descriptors}`,
  );
  assert.deepEqual(counts(), before);
}

test('T18 1,000 clients that were used and closed leave nothing', async () => {
  await thousand(async () => {
    const client = await Client.connect(request());
    assert.equal(await client.execute(['PING']), 'PONG');
    client.close();
    assert.equal(client.stats().commands, 1);
    assert.equal(client.status()?.state, 'closed');
  });
});

test('T18 what is dropped without a close ends too', async () => {
  const { code, stdout, stderr } = await program('dropped', [request()], {}, ['--expose-gc']);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'gone\n');
});

test('T18 C13 a failed connect leaves nothing', async () => {
  const wrong = JSON.stringify(
    emulator.request({ authenticationInfo: { iamCredentials: { username: 'nobody' } } }),
  );
  await assert.rejects(Client.connect(wrong));
  await until(
    () => keyrotorThreads().length === 0,
    () => 'the thread does not end',
    1000,
  );
});

test('B05 100 clients need no thread more than one', async () => {
  // An address that needs no look-up, which would take a thread of its own for a while.
  const addresses = [{ host: '127.0.0.1', port: emulator.port }];
  const request = JSON.stringify(emulator.request({ addresses, serverName: 'localhost' }));
  const first = await Client.connect(request);
  const before = counts().threads;
  const clients = await Promise.all(Array.from({ length: 100 }, () => Client.connect(request)));
  await Promise.all(clients.map(client => client.execute(['PING'])));
  assert.deepEqual(keyrotorThreads().length, 1);
  assert.equal(counts().threads, before);
  for (const client of [first, ...clients]) client.close();
});

for (const what of ['manager', 'listeners', 'client']) {
  test(`B08 a process whose only work is an idle ${what} ends`, async () => {
    const { code, stdout, stderr, milliseconds } = await program('idle', [what, request()]);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, 'used\n');
    assert.ok(milliseconds < 5000, `it took ${milliseconds} ms`);
  });
}

test('B08 a promise that is open keeps the process alive', async () => {
  const { code, stdout, stderr } = await program('idle', ['waiting', request()]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'answered after the end of the program\n');
});

test('B08 a worker is terminated in the middle of everything', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const { code, stdout, stderr } = await program('workers', [request()], stuckSource(port));
  silent.close();
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'alive\n');
});

test('B05 workers side by side do not disturb each other and share a thread', async () => {
  const { code, stdout, stderr } = await program('beside', [request()]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'undisturbed\n');
});
