// @aws-sdk/credential-providers, which finds keys at the emulator's endpoints as it would in the cloud; and what those
// keys open.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import {
  fromContainerMetadata,
  fromHttp,
  fromInstanceMetadata,
  fromNodeProviderChain,
  fromTemporaryCredentials,
  fromTokenFile,
} from '@aws-sdk/credential-providers';
import { createClient } from 'redis';
import { Emulator, KEY, SECRET, USER, cache, common } from './emulator.mjs';
import { smithyToken } from './tokens.mjs';

const ROLE = 'arn:aws:iam::123456789012:role/app-role';
const OWN = { accessKeyId: KEY, secretAccessKey: SECRET };

/** The providers, and the variables of which they are given. */
const PROVIDERS = {
  imds: () => fromInstanceMetadata({ maxRetries: 0, timeout: 5000 }),
  ecs: () => fromContainerMetadata({ maxRetries: 0, timeout: 5000 }),
  'pod-identity': () => fromHttp({ maxRetries: 0, timeout: 5000 }),
  'web-identity': () => fromTokenFile({ clientConfig: { maxAttempts: 1 } }),
};

/** A cache, and endpoints that hand out keys for it. */
const start = t => Emulator.start(t, common({ cache: cache(), credentials: {} }));

/** Leads the SDK to one endpoint, until the test ends. */
function lead(t, emulator, ...ways) {
  const before = { ...process.env };
  t.after(() => {
    process.env = before;
  });
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  const none = { AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' };
  Object.assign(process.env, none, ...ways.map(way => emulator.ready.credentials[way]));
}

/** Logs in to the cache with a token signed by these keys; what the record says of it. */
async function logIn(emulator, credentials) {
  const socket = {
    host: 'localhost',
    port: emulator.port,
    tls: true,
    ca: emulator.ca,
    reconnectStrategy: false,
  };
  const client = createClient({ username: USER, password: await smithyToken({ credentials }), socket });
  client.on('error', () => {});
  const connected = await client.connect().then(
    () => true,
    () => false,
  );
  if (connected) await client.close();
  const login = (await emulator.record()).logins.at(-1);
  assert.equal(login.access_key, credentials.accessKeyId);
  assert.equal(login.outcome, connected ? 'accepted' : 'refused');
  return login;
}

async function asked(emulator, endpoint) {
  return (await emulator.record()).credentials.filter(asked => asked.endpoint === endpoint);
}

for (const [way, provider] of Object.entries(PROVIDERS)) {
  const endpoint = way === 'web-identity' ? 'sts' : way;

  test(`keys of ${way} open the cache, until they are rotated`, async t => {
    const emulator = await start(t);
    lead(t, emulator, way);
    const old = await provider()();
    assert.equal((await logIn(emulator, old)).outcome, 'accepted');
    const given = (await asked(emulator, endpoint)).find(asked => asked.access_key);
    assert.equal(old.expiration.toISOString(), new Date(given.expires).toISOString());
    assert.equal((await emulator.fault('credentials/faults/rotate-keys', { endpoint })).revoked, 1);
    assert.equal((await logIn(emulator, old)).check, 'E13');
    const renewed = await provider()();
    assert.notEqual(renewed.accessKeyId, old.accessKeyId);
    assert.equal((await logIn(emulator, renewed)).outcome, 'accepted');
  });

  for (const [fault, body, verdict] of [
    ['failing', { status: 500 }, 'failed'],
    ['throttling', {}, 'throttled'],
    ['gone', {}, 'gone'],
  ]) {
    test(`${way} that is ${fault} gives no keys, until it is over`, async t => {
      const emulator = await start(t);
      lead(t, emulator, way);
      await emulator.fault(`credentials/faults/${fault}`, { endpoint, ...body });
      await assert.rejects(provider()());
      assert.equal((await asked(emulator, endpoint)).at(-1).verdict, verdict);
      await emulator.fault('faults/clear');
      assert.equal((await logIn(emulator, await provider()())).outcome, 'accepted');
    });
  }

  test(`${way} says when short-lived keys end, or lies`, async t => {
    const emulator = await start(t);
    lead(t, emulator, way);
    await emulator.fault('credentials/faults/life', { seconds: 1 });
    await emulator.fault('credentials/faults/lie', { seconds: 86_400, endpoint });
    const keys = await provider()();
    const given = (await asked(emulator, endpoint)).find(asked => asked.access_key);
    const [truly, stated] = [given.expires, given.stated_expiration].map(text => Date.parse(text));
    assert.equal(stated - truly, 86_400_000);
    assert.equal(keys.expiration.getTime(), stated);
    let login;
    const deadline = Date.now() + 30_000;
    while ((login = await logIn(emulator, keys)).outcome === 'accepted') {
      assert.ok(Date.now() < deadline);
      await setTimeout(50);
    }
    assert.equal(login.check, 'E26');
  });
}

test('a slow endpoint is too slow for those who do not wait', async t => {
  const emulator = await start(t);
  lead(t, emulator, 'imds');
  await emulator.fault('credentials/faults/slow', { milliseconds: 60_000 });
  await assert.rejects(fromInstanceMetadata({ maxRetries: 0, timeout: 300 })());
  await emulator.fault('credentials/faults/slow', { milliseconds: 1 });
  await PROVIDERS.imds()();
});

test("a pod's token file is read each time", async t => {
  const emulator = await start(t);
  lead(t, emulator, 'pod-identity');
  const provider = PROVIDERS['pod-identity']();
  await provider();
  await emulator.fault('credentials/faults/rotate-token-files');
  await provider();
  const verdicts = (await asked(emulator, 'pod-identity')).map(asked => asked.verdict);
  assert.deepEqual(verdicts, ['answered', 'answered']);
});

test('the chain finds the machine, and a role beyond it', async t => {
  const emulator = await start(t);
  lead(t, emulator, 'imds', 'sts');
  const params = { RoleArn: ROLE, RoleSessionName: 'beyond' };
  const provider = fromTemporaryCredentials({ masterCredentials: fromNodeProviderChain(), params });
  assert.equal((await logIn(emulator, await provider())).outcome, 'accepted');
  const [machine] = (await asked(emulator, 'imds')).filter(asked => asked.access_key);
  const [role] = await asked(emulator, 'sts');
  assert.deepEqual([role.request, role.caller], ['AssumeRole', machine.access_key]);
});

test("STS's answers and errors are read as its own", async t => {
  const emulator = await start(t);
  lead(t, emulator, 'sts');
  const identity = (client, command = new GetCallerIdentityCommand({})) => client.send(command);
  const client = credentials => new STSClient({ credentials, maxAttempts: 1 });
  assert.equal((await identity(client(OWN))).Arn, `arn:aws:iam::123456789012:user/${KEY}`);
  const wrong = client({ ...OWN, secretAccessKey: 'x' });
  await assert.rejects(identity(wrong), { name: 'SignatureDoesNotMatch' });
  await assert.rejects(identity(client({ ...OWN, accessKeyId: 'AKIDUNKNOWN' })), {
    name: 'InvalidClientTokenId',
  });
  await emulator.fault('credentials/faults/throttling', { endpoint: 'sts', count: 1 });
  await assert.rejects(identity(client(OWN)), { name: 'Throttling', message: 'Rate exceeded' });
  await emulator.fault('credentials/faults/throttling', { endpoint: 'sts', count: 1 });
  await identity(new STSClient({ credentials: OWN, maxAttempts: 3 }));
});
