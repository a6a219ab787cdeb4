// node-redis, with tokens made by @smithy/signature-v4.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from 'redis';
import { Emulator, USER, cache, common } from './emulator.mjs';
import { smithyToken } from './tokens.mjs';

/** A client that is connected, and closed with the test. */
async function connect(t, emulator, options) {
  const socket = { host: 'localhost', port: emulator.port, tls: true, ca: emulator.ca };
  const client = createClient({ socket: { ...socket, reconnectStrategy: false }, ...options });
  client.on('error', () => {});
  await client.connect();
  t.after(() => client.destroy());
  return client;
}

const relogins = async emulator => (await emulator.record()).logins.map(login => login.relogin);

for (const RESP of [2, 3]) {
  test(`logs in and works over RESP${RESP}`, async t => {
    const emulator = await Emulator.start(t);
    const client = await connect(t, emulator, { username: USER, password: await smithyToken(), RESP });
    await client.set('key', 'value');
    assert.equal(await client.get('key'), 'value');
    const [login] = (await emulator.record()).logins;
    assert.equal(login.outcome, 'accepted');
  });

  test(`logs in again by command over RESP${RESP}`, async t => {
    const emulator = await Emulator.start(t);
    const client = await connect(t, emulator, { username: USER, password: await smithyToken(), RESP });
    await client.auth({ username: USER, password: await smithyToken({ expiresIn: 899 }) });
    assert.equal(await client.ping(), 'PONG');
    assert.deepEqual(await relogins(emulator), [false, true]);
    assert.equal((await emulator.record()).totals.connections, 1);
  });
}

test('logs in again by its streaming provider', async t => {
  const emulator = await Emulator.start(t);
  let next;
  const credentialsProvider = {
    type: 'streaming-credentials-provider',
    async subscribe({ onNext }) {
      next = onNext;
      return [{ username: USER, password: await smithyToken() }, { dispose() {} }];
    },
    onReAuthenticationError(error) {
      throw error;
    },
  };
  const client = await connect(t, emulator, { credentialsProvider });
  next({ username: USER, password: await smithyToken({ expiresIn: 899 }) });
  // The AUTH goes before this on the same connection.
  assert.equal(await client.ping(), 'PONG');
  assert.deepEqual(await relogins(emulator), [false, true]);
});

test('a serverless cache takes a token with its resource type, and no other', async t => {
  const emulator = await Emulator.start(t, common({ cache: cache({ serverless: true }) }));
  const password = await smithyToken({ serverless: true });
  const client = await connect(t, emulator, { username: USER, password });
  assert.equal(await client.ping(), 'PONG');
  const without = connect(t, emulator, { username: USER, password: await smithyToken() });
  await assert.rejects(without, /WRONGPASS invalid username-password pair or user is disabled\./);
  assert.equal((await emulator.record()).logins[1].check, 'E10');
});

test('a refused login keeps the session', async t => {
  const emulator = await Emulator.start(t);
  const client = await connect(t, emulator, { username: USER, password: await smithyToken() });
  await assert.rejects(client.auth({ username: USER, password: 'bad' }), /WRONGPASS/);
  assert.equal(await client.sendCommand(['ACL', 'WHOAMI']), USER);
});
