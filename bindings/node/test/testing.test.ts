/** The testing kit: what it starts, what it says, and what is left of it. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { createClient, type RedisClientType } from 'redis';

import { TokenManager } from '../lib/index.js';
import { Control, Emulator } from '../lib/testing/index.js';
import { node, program } from './support.js';

const CLI = fileURLToPath(new URL('../lib/cli.js', import.meta.url));

/** An application that knows its environment only; its TLS trusts what the tests give it. */
async function application(emulator: Emulator, change: NodeJS.ProcessEnv = {}): Promise<RedisClientType> {
  const env = { ...emulator.environment, ...change };
  using manager = new TokenManager({
    elastiCache: {
      clusterName: env['VALKEY_CLUSTER_ID'] ?? '',
      username: env['VALKEY_USER'] ?? '',
      region: env['AWS_REGION'] ?? '',
      accessKey: {
        accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? '',
        secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? '',
      },
    },
  });
  const client: RedisClientType = createClient({
    username: env['VALKEY_USER'] ?? '',
    password: await manager.tokenAsync(),
    socket: {
      host: env['VALKEY_HOST'] ?? '',
      port: Number(env['VALKEY_PORT']),
      tls: true,
      ca: readFileSync(emulator.ca),
      reconnectStrategy: false,
    },
  });
  // Connections that the tests kill.
  client.on('error', () => undefined);
  return await client.connect();
}

test('an application logs in with what its environment says', async () => {
  await using emulator = await Emulator.start();
  const client = await application(emulator);
  assert.equal(await client.sendCommand(['ACL', 'WHOAMI']), 'app');
  client.destroy();
  const [login] = await emulator.logins();
  assert.deepEqual([login?.accepted, login?.user, login?.accessKey], [true, 'app', 'AKIDEXAMPLE']);
});

test('a refused login has its reason', async () => {
  await using emulator = await Emulator.start({ cache: { cluster: 'orders', users: ['worker'] } });
  assert.equal(emulator.environment['VALKEY_USER'], 'worker');
  await assert.rejects(application(emulator, { VALKEY_CLUSTER_ID: 'other' }), /WRONGPASS/);
  const login = (await emulator.logins()).at(-1);
  assert.deepEqual(
    [login?.accepted, login?.reason, login?.check, login?.found],
    [false, 'wrong-cluster', 'E09', 'other'],
  );
});

test('what can be broken', async () => {
  await using emulator = await Emulator.start();
  await emulator.fault('refuse', { count: 1 });
  await assert.rejects(application(emulator), /WRONGPASS/);
  const client = await application(emulator);
  await emulator.fault('forget');
  await assert.rejects(client.ping(), /NOAUTH/);
  assert.deepEqual(await emulator.fault('kill'), { ok: true, connections: 1 });
  await emulator.fault('unavailable');
  await assert.rejects(application(emulator), /service is not available/);
  await emulator.clear();
  (await application(emulator)).destroy();
  await assert.rejects(emulator.fault('stall', { milliseconds: -1 }), /400 milliseconds/);
});

test('the environment is set and taken back', async () => {
  await using emulator = await Emulator.start();
  const variables: NodeJS.ProcessEnv = { AWS_PROFILE: 'real', AWS_REGION: 'real', OTHER: 'x' };
  const restore = emulator.apply(variables);
  assert.equal(variables['AWS_PROFILE'], undefined);
  assert.equal(variables['AWS_REGION'], 'us-east-1');
  restore();
  assert.deepEqual(variables, { AWS_PROFILE: 'real', AWS_REGION: 'real', OTHER: 'x' });
});

test('another process may ask and break it', async () => {
  await using emulator = await Emulator.start();
  const control = new Control(emulator.environment['KEYROTOR_CONTROL'] ?? '');
  assert.equal((await control.record()).totals.connections, 0);
});

test('one that does not start says so', async () => {
  await assert.rejects(Emulator.start({ cache: { cluter: 'c' } }), /ended with 1/);
});

test('it is gone after its stop, and stopping twice is fine', async () => {
  const emulator = await Emulator.start();
  await emulator.record();
  await emulator.stop();
  await assert.rejects(emulator.record(), /fetch failed/);
  await emulator.stop();
});

test('it keeps no process alive, and ends with the one that started it', async () => {
  const { code, stdout, stderr } = await program('emulator');
  assert.equal(code, 0, stderr);
  const [ca = '', control = ''] = stdout.trim().split(' ');
  assert.ok(!existsSync(ca), 'the process has removed it');
  const answers = new Control(control);
  let gone = false;
  while (!gone)
    gone = await answers.record().then(
      () => false,
      () => true,
    );
});

test('the command runs, and ends with the status of the one that it runs', async () => {
  const version = await node([CLI, '--version']);
  assert.match(version.stdout, /^keyrotor \d/);
  assert.equal((await node([CLI, 'token'])).code, 2);
  const { code, stdout } = await node([
    CLI,
    'emulate',
    '--',
    'sh',
    '-c',
    'echo "$VALKEY_CLUSTER_ID"; exit 7',
  ]);
  assert.deepEqual([code, stdout], [7, 'my-cluster\n']);
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`${signal} ends the emulator cleanly`, async () => {
    const child = spawn(process.execPath, [CLI, 'emulate', '--json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(createInterface(child.stdout), 'line');
    child.kill(signal);
    const [code] = (await once(child, 'exit')) as [number | null];
    assert.equal(code, 0);
  });
}
