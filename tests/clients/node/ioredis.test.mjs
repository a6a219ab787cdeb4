// ioredis, with tokens made by @smithy/signature-v4.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { Emulator, USER } from './emulator.mjs';
import { smithyToken } from './tokens.mjs';

/** A client that connects at its first command, and is closed with the test. */
function connect(t, emulator, password) {
  const client = new Redis({
    host: 'localhost',
    port: emulator.port,
    tls: { ca: emulator.ca },
    username: USER,
    password,
    lazyConnect: true,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
  });
  client.on('error', () => {});
  t.after(() => client.disconnect());
  return client;
}

test('logs in and works', async t => {
  const emulator = await Emulator.start(t);
  const client = connect(t, emulator, await smithyToken());
  await client.set('key', 'value');
  assert.equal(await client.get('key'), 'value');
  const [login] = (await emulator.record()).logins;
  assert.deepEqual([login.outcome, login.user], ['accepted', USER]);
});

test('logs in again on the live connection', async t => {
  const emulator = await Emulator.start(t);
  const client = connect(t, emulator, await smithyToken());
  assert.equal(await client.ping(), 'PONG');
  assert.equal(await client.auth(USER, await smithyToken({ expiresIn: 899 })), 'OK');
  assert.equal(await client.ping(), 'PONG');
  const record = await emulator.record();
  assert.deepEqual(
    record.logins.map(login => login.relogin),
    [false, true],
  );
  assert.equal(record.totals.connections, 1);
});

test('a bad token is refused', async t => {
  const emulator = await Emulator.start(t);
  const client = connect(t, emulator, await smithyToken({ cluster: 'other-cluster' }));
  // ioredis reports the server's words as an event; the command itself ends with the connection or with NOAUTH.
  const told = once(client, 'error');
  await assert.rejects(client.ping());
  const [error] = await told;
  assert.match(String(error), /WRONGPASS|NOAUTH/);
  assert.equal((await emulator.record()).logins[0].check, 'E09');
});

test('a subscriber hears messages', async t => {
  const emulator = await Emulator.start(t);
  const [listener, speaker] = [
    connect(t, emulator, await smithyToken()),
    connect(t, emulator, await smithyToken()),
  ];
  await listener.subscribe('news');
  const heard = once(listener, 'message');
  await speaker.publish('news', 'hello');
  assert.deepEqual(await heard, ['news', 'hello']);
});
