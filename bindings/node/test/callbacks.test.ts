/** S04: functions that give logins. S02: functions that give AWS keys. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { inspect } from 'node:util';

import {
  Client,
  ConfigError,
  CredentialsError,
  TokenManager,
  type KeyFunction,
  type Login,
  type LoginFunction,
} from '../lib/index.js';
import { Emulator } from './emulator.js';
import { failureOf, identity, program, until } from './support.js';

const alive = setInterval(() => undefined, 1000);
after(() => {
  clearInterval(alive);
});

const SECRET = 'hunter2';
const SOON = { sourceTimeout: '0.300s', retry: { initialDelay: '0.010s' } };
const QUICK = { retry: { initialDelay: '0.010s', maxDelay: '0.020s' } };
const ONCE = { retry: { maxAttempts: 1 } };
const { accessKey, ...chain } = identity;
assert.ok(accessKey);
const key = accessKey;

const forms: [string, LoginFunction][] = [
  ['sync', () => ({ user: 'app', secret: SECRET })],
  ['async', () => Promise.resolve({ user: 'app', secret: SECRET })],
  ['with no expiry', () => ({ user: 'app', secret: SECRET, expiresAt: null })],
];
for (const [name, callback] of forms) {
  test(`S04 a function gives user and secret: ${name}`, async () => {
    using manager = new TokenManager({ callback });
    const { user, secret, expiresAt } = await manager.credentialAsync();
    assert.deepEqual([user, secret, expiresAt], ['app', SECRET, null]);
    // The same secret is no new credential.
    assert.equal((await manager.refresh()).generation, 1);
    assert.equal(manager.status().source, 'callback');
  });
}

for (const form of ['Date', 'number']) {
  test(`S04 T02 it may give an expiry: ${form}`, async () => {
    const end = Date.now() + 600_000;
    const expiresAt = form === 'Date' ? new Date(end) : end;
    using manager = new TokenManager({ callback: () => ({ user: 'app', secret: SECRET, expiresAt }) });
    assert.equal((await manager.credentialAsync()).expiresAt?.getTime(), end);
    assert.ok(manager.status().nextRefreshAt);
  });
}

test('S04 T02 a login that ends is asked for again', async () => {
  let calls = 0;
  const callback = (): Login => ({
    user: 'app',
    secret: `${SECRET}-${++calls}`,
    expiresAt: Date.now() + 5000,
  });
  using manager = new TokenManager({ callback });
  assert.equal(await manager.tokenAsync(), `${SECRET}-1`);
  await until(
    () => calls > 1,
    () => 'a second call is missing',
    60_000,
  );
});

test('S04 T17 what it throws is the cause, and it is asked again', async () => {
  const thrown: Error[] = [];
  const callback = (): Login => {
    if (thrown.length === 4) return { user: 'app', secret: SECRET };
    const failure = new RangeError(`no ${SECRET}`);
    thrown.push(failure);
    throw failure;
  };
  using manager = new TokenManager({ callback, refresh: QUICK });
  const error = await failureOf(manager.tokenAsync());
  assert.ok(error instanceof CredentialsError);
  assert.deepEqual(
    [error.code, error.source, error.retryable],
    ['credentials-fetch-failed', 'callback', true],
  );
  assert.match(error.message, /the callback `callback`: it threw RangeError/);
  assert.equal(error.cause, thrown[2], 'one round is three attempts');
  assert.ok(!`${error.stack}${JSON.stringify(error)}${inspect(manager.status())}`.includes(SECRET));
  await until(
    () => manager.status().state === 'fresh',
    () => manager.status().state,
    60_000,
  );
  assert.equal(manager.token(), SECRET);
});

test('S04 a promise that is rejected with anything is an error', async () => {
  for (const reason of [undefined, null, 7, 'text', new Error('x')]) {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- anything may come
    const callback = (): Promise<Login> => Promise.reject(reason);
    using manager = new TokenManager({ callback, refresh: ONCE });
    const error = await failureOf(manager.tokenAsync());
    assert.equal(error.code, 'credentials-fetch-failed');
    assert.equal(error.cause, reason);
  }
});

const wrong: [unknown, RegExp][] = [
  [undefined, /not undefined/],
  [{ user: 'app' }, /not \{ user: string \}/],
  [{ user: 1, secret: SECRET }, /not \{ user: number, secret: string \}/],
  [{ user: 'app', secret: SECRET, expiresAt: SECRET }, /not string/],
];
for (const [answer, problem] of wrong) {
  test(`S04 T17 a wrong answer is told by its types: ${problem}`, async () => {
    using manager = new TokenManager({ callback: () => answer as Login, refresh: ONCE });
    const error = await failureOf(manager.tokenAsync());
    assert.match((error.cause as Error).message, problem);
    assert.ok(!inspect(error).includes(SECRET));
  });
}

for (const expiresAt of [-1, NaN, 1e300, new Date(NaN)]) {
  test(`S04 an expiry out of range is an error: ${Number(expiresAt)}`, async () => {
    using manager = new TokenManager({
      callback: () => ({ user: 'app', secret: SECRET, expiresAt }),
      refresh: ONCE,
    });
    assert.match((await failureOf(manager.tokenAsync())).message, /out of range/);
  });
}

test('S04 T16 one that is late costs its budget, and is not called again meanwhile', async () => {
  let release: (login: Login) => void = () => undefined;
  let calls = 0;
  const callback = (): Promise<Login> => {
    calls++;
    return new Promise(resolve => (release = resolve));
  };
  using manager = new TokenManager({ callback, refresh: SOON });
  const error = await failureOf(manager.tokenAsync());
  assert.deepEqual([error.code, error.source], ['credentials-timeout', 'callback']);
  using other = new TokenManager({ callback: () => ({ user: 'app', secret: 'quick' }) });
  assert.equal(await other.tokenAsync(), 'quick');
  await until(
    () => manager.status().counts.attempts > 1,
    () => 'a second attempt is missing',
    60_000,
  );
  assert.equal(calls, 1);
  release({ user: 'app', secret: SECRET });
  await until(
    () => {
      release({ user: 'app', secret: SECRET });
      return manager.status().state === 'fresh';
    },
    () => manager.status().state,
    60_000,
  );
  assert.equal(manager.token(), SECRET);
});

test('S04 T05 the same function is asked once for all', async () => {
  let calls = 0;
  const callback = (): Login => ({ user: 'app', secret: `${SECRET}-${++calls}` });
  const managers = Array.from({ length: 10 }, () => new TokenManager({ callback }));
  const tokens = await Promise.all(managers.map(manager => manager.tokenAsync()));
  assert.deepEqual(new Set(tokens), new Set([`${SECRET}-1`]));
  managers.shift()?.close();
  assert.equal((await managers[0]?.refresh())?.secret, `${SECRET}-2`, 'closing one stops nobody else');
  for (const manager of managers) manager.close();
});

test('S04 functions are handed over beside a request', async () => {
  const request = { authenticationInfo: { callbackCredentials: { name: 'vault' } } };
  const vault = (): Login => ({ user: 'app', secret: SECRET });
  using manager = new TokenManager(JSON.stringify(request), { callbacks: { vault } });
  assert.equal(await manager.tokenAsync(), SECRET);
  const error = await failureOf(() => new TokenManager(request, { callbacks: { volt: vault } }));
  assert.ok(error instanceof ConfigError);
  assert.equal(error.field, 'authentication_info.callback_credentials.name');
  const callbacks = { vault: 1 as unknown as LoginFunction };
  assert.equal((await failureOf(() => new TokenManager(request, { callbacks }))).code, 'argument-invalid');
});

test('S04 B08 a manager that nobody waits for keeps no process alive', async () => {
  for (const how of ['idle', 'hanging', 'waiting']) {
    const ended = await program('callback', [how]);
    assert.deepEqual([ended.code, ended.stdout, ended.stderr], [0, `${how}\n`, '']);
  }
});

test('S04 T18 a manager that is called by its holder is collected', async () => {
  const ended = await program('callback', ['collected'], {}, ['--expose-gc']);
  assert.deepEqual([ended.code, ended.stdout, ended.stderr], [0, 'collected\n', '']);
});

const keyForms: [string, KeyFunction][] = [
  ['sync', () => key],
  ['async', () => Promise.resolve({ ...key, expiresAt: Date.now() + 3_600_000 })],
  ['with a session', () => ({ ...key, sessionToken: 'the-session', expiresAt: new Date(Date.now() + 3e6) })],
];
for (const [name, keySource] of keyForms) {
  test(`S02 keys come from a function: ${name}`, async () => {
    using manager = new TokenManager({ elastiCache: { ...chain, keySource } });
    const token = await manager.tokenAsync();
    assert.ok(token.includes(key.accessKeyId));
    assert.equal(token.includes('the-session'), name === 'with a session');
  });
}

test('S02 T02 a token ends with the keys of a function; many identities ask it once', async () => {
  let calls = 0;
  const expiresAt = Date.now() + 60_000;
  const keySource: KeyFunction = () => {
    calls++;
    return { ...key, expiresAt };
  };
  using one = new TokenManager({ elastiCache: { ...chain, keySource } });
  using other = new TokenManager({ memoryDb: { ...chain, keySource } });
  const credentials = await Promise.all([one.credentialAsync(), other.credentialAsync()]);
  for (const credential of credentials) assert.ok(Number(credential.expiresAt) <= expiresAt);
  assert.equal(calls, 1);
});

test('S02 T16 a function of keys that fails or is late says so', async () => {
  const failing: KeyFunction = () => {
    throw new RangeError(SECRET);
  };
  using failed = new TokenManager({ elastiCache: { ...chain, keySource: failing }, refresh: ONCE });
  const error = await failureOf(failed.tokenAsync());
  assert.match(error.message, /it threw RangeError/);
  assert.ok(error.cause instanceof RangeError);
  assert.ok(!error.message.includes(SECRET));
  const late: KeyFunction = () => new Promise(() => undefined);
  using hanging = new TokenManager({ elastiCache: { ...chain, keySource: late }, refresh: SOON });
  const timeout = await failureOf(hanging.tokenAsync());
  assert.deepEqual([timeout.code, timeout.source], ['credentials-timeout', 'elasticache-iam']);
});

test('S02 S04 C01 a client logs in with what functions give', async () => {
  await using emulator = await Emulator.start();
  const iamCredentials = { accessKey: null, keySource: 'mine' };
  const signed = emulator.request({ authenticationInfo: { iamCredentials } });
  await using signing = await Client.connect(JSON.stringify(signed), { callbacks: { mine: () => key } });
  assert.equal(await signing.execute(['PING']), 'PONG');
  using signer = new TokenManager({ elastiCache: identity });
  const callback = (): Login => {
    const { user, secret, expiresAt } = signer.credential();
    return { user, secret, expiresAt };
  };
  const { rootCerts, serverName } = signed as { rootCerts: string[]; serverName?: string };
  await using client = await Client.connect({
    addresses: [{ host: '127.0.0.1', port: emulator.port }],
    tlsMode: 'SecureTls',
    rootCerts,
    serverName: serverName ?? 'localhost',
    credentials: { callback },
  });
  assert.equal(await client.execute(['PING']), 'PONG');
  assert.equal(client.status()?.source, 'callback');
});
