/** The manager, its events, and a client of somebody else's that uses it. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { createClient } from 'redis';

import {
  ClosedError,
  CredentialsError,
  TokenManager,
  type Credential,
  type TokenEvent,
} from '../lib/index.js';
import { Emulator } from './emulator.js';
import { failureOf, identity, program, stuckSource, until } from './support.js';

// Listeners keep no process alive, and some of these tests wait for nothing else.
const alive = setInterval(() => undefined, 1000);
after(() => {
  clearInterval(alive);
});

/** Accepts connections and never says anything. */
async function silence(): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

test('T11 token() never waits: the error says that a fetch is under way', async () => {
  // Keys and region of the request sign on the spot; a region from the surroundings has to be looked up.
  const { region, ...placeless } = identity;
  process.env['AWS_REGION'] = region;
  using manager = new TokenManager({ elastiCache: placeless });
  const error = await failureOf(() => manager.token());
  assert.ok(error instanceof CredentialsError);
  assert.deepEqual([error.code, error.number, error.retryable], ['credentials-pending', 200, true]);
  assert.equal(error.source, 'elasticache-iam');
  const token = await manager.tokenAsync();
  assert.equal(manager.token(), token);
});

test('T11 keys and region of the request sign on the spot', () => {
  using manager = new TokenManager({ elastiCache: identity });
  assert.match(manager.token(), /Action=connect/);
});

test('T02 a credential tells its times', async () => {
  using manager = new TokenManager({ elastiCache: { ...identity, tokenLifeSeconds: 60 } });
  const credential = await manager.credentialAsync();
  assert.equal(credential.user, 'iam-user-01');
  assert.equal(credential.generation, 1);
  assert.ok(credential.expiresAt);
  // Tokens are dated in whole seconds.
  const life = credential.expiresAt.getTime() - credential.issuedAt.getTime();
  assert.ok(life > 59_000 && life <= 60_000, `${life} ms`);
  assert.ok(Math.abs(credential.issuedAt.getTime() - Date.now()) < 5000);
  assert.deepEqual(manager.credential(), credential);
});

test('T09 a refused token is replaced by another; T20 status tells', async () => {
  using manager = new TokenManager({ elastiCache: identity });
  assert.deepEqual([manager.status().state, manager.status().generation], ['idle', 0]);
  const first = await manager.credentialAsync();
  assert.equal(manager.status().state, 'fresh');
  manager.reject(first.generation);
  const second = await manager.credentialAsync();
  assert.equal(second.generation, 2);
  assert.notEqual(second.secret, first.secret);
  manager.accept(second.generation);
  const status = manager.status();
  assert.deepEqual([status.state, status.username, status.counts.rejected], ['fresh', 'iam-user-01', 1]);
  assert.ok(status.expiresAt && status.nextRefreshAt && status.nextRefreshAt < status.expiresAt);
  assert.deepEqual(status.warnings, []);
});

test('refresh() gives a newer token each time', async () => {
  using manager = new TokenManager({ elastiCache: identity });
  const first = await manager.refresh();
  const second = await manager.refresh();
  assert.deepEqual([first.generation, second.generation], [1, 2]);
  assert.notEqual(first.secret, second.secret);
});

test('T19 listeners get the current token at once, then each newer', async () => {
  using manager = new TokenManager({ elastiCache: identity });
  const seen: Credential[] = [];
  const first = (await once(manager, 'token')) as [Credential];
  manager.on('token', credential => seen.push(credential));
  while (seen.length < 1) await sleep(5);
  await manager.refresh();
  while (seen.length < 2) await sleep(5);
  assert.deepEqual(
    [first[0], ...seen].map(credential => credential.generation),
    [1, 1, 2],
  );
  assert.equal(manager.status().counts.subscribers, 1);
  manager.removeAllListeners('token');
  await until(
    () => manager.status().counts.subscribers === 0,
    () => 'the subscription stays',
  );
});

test('T19 a listener that throws hurts no other, and late ones see the current token too', async () => {
  const { code, stdout, stderr } = await program('listeners');
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), {
    early: [1, 2],
    late: [1, 2],
    once: [1],
    thrown: 2,
    context: 'mine',
  });
});

test('T07 T16 failures are told where somebody listens, and an error nobody listens to harms nobody', async () => {
  const { server, port } = await silence();
  const before = { ...process.env };
  Object.assign(process.env, stuckSource(port));
  Reflect.deleteProperty(process.env, 'AWS_ACCESS_KEY_ID');
  try {
    const { accessKey: _, ...chain } = identity;
    using manager = new TokenManager({ elastiCache: chain, refresh: { sourceTimeout: '0.2s' } });
    using silent = new TokenManager({ elastiCache: chain, refresh: { sourceTimeout: '0.2s' } });
    const stale = new Promise<TokenEvent>(resolve => manager.once('stale', resolve));
    const failed = new Promise<unknown>(resolve => manager.once('error', resolve));
    const silentEvents: TokenEvent[] = [];
    silent.on('stale', event => silentEvents.push(event));
    const error = await failureOf(manager.tokenAsync());
    assert.equal((await failureOf(silent.tokenAsync())).code, 'credentials-timeout');
    assert.deepEqual(
      [error.code, error.source, error.name],
      ['credentials-timeout', 'elasticache-iam', 'CredentialsError'],
    );
    assert.equal(((await failed) as CredentialsError).code, 'credentials-timeout');
    const event = await stale;
    assert.deepEqual(
      [event.kind, event.error?.code, event.expiresAt],
      ['expired', 'credentials-timeout', null],
    );
    while (silentEvents.length === 0) await sleep(5);
    assert.equal(manager.status().lastError?.code, 'credentials-timeout');
  } finally {
    for (const name of Object.keys(stuckSource(0))) {
      if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = before[name];
    }
    server.close();
  }
});

test('T18 a closed manager says so, and closing again is harmless', async () => {
  const manager = new TokenManager({ elastiCache: identity });
  await manager.tokenAsync();
  manager.close();
  manager.close();
  assert.equal(manager.status().state, 'closed');
  const start = () => {
    manager.start();
  };
  for (const work of [() => manager.token(), start, () => manager.credential()]) {
    const error = await failureOf(work);
    assert.ok(error instanceof ClosedError);
    assert.deepEqual([error.code, error.number], ['closed', 600]);
  }
  assert.equal((await failureOf(manager.tokenAsync())).code, 'closed');
  assert.equal((await failureOf(manager.refresh())).code, 'closed');
  assert.equal((await failureOf(() => manager.on('token', () => undefined))).code, 'closed');
  manager.reject(1);
});

test('T01 node-redis logs in to the emulator with the manager’s token', async () => {
  await using emulator = await Emulator.start();
  using manager = new TokenManager({ elastiCache: identity });
  const client = createClient({
    socket: { host: 'localhost', port: emulator.port, tls: true, ca: emulator.ca },
    credentialsProvider: {
      type: 'async-credentials-provider',
      credentials: async () => {
        const { user, secret } = await manager.credentialAsync();
        return { username: user, password: secret };
      },
    },
  });
  client.on('error', (error: unknown) => {
    assert.fail(String(error));
  });
  await client.connect();
  assert.equal(await client.sendCommand(['ACL', 'WHOAMI']), 'iam-user-01');
  assert.equal(await emulator.record('totals.logins_accepted'), 1);
  client.destroy();
});
