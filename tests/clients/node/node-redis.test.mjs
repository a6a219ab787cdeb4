// node-redis, with tokens made by @smithy/signature-v4.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from 'redis';
import { Emulator, USER } from './emulator.mjs';
import { smithyToken } from './tokens.mjs';

for (const RESP of [2, 3]) {
  test(`logs in and works over RESP${RESP}`, async t => {
    const emulator = await Emulator.start(t);
    const socket = { host: 'localhost', port: emulator.port, tls: true, ca: emulator.ca };
    const client = createClient({ username: USER, password: await smithyToken(), socket, RESP });
    await client.connect();
    await client.set('key', 'value');
    assert.equal(await client.get('key'), 'value');
    const [login] = (await emulator.record()).logins;
    assert.equal(login.outcome, 'accepted');
    await client.close();
  });
}
