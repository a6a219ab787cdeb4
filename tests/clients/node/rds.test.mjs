// node-postgres, with tokens of @aws-sdk/rds-signer and @aws-sdk/dsql-signer.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { DsqlSigner } from '@aws-sdk/dsql-signer';
import { Signer } from '@aws-sdk/rds-signer';
import pg from 'pg';
import { Emulator, KEY, REGION, SECRET, common } from './emulator.mjs';

const sessionToken = 'abc/+=='.repeat(250);
const credentials = { accessKeyId: KEY, secretAccessKey: SECRET };
const temporary = { accessKeyId: 'ASIDEXAMPLE', secretAccessKey: SECRET, sessionToken };
const keys = [
  { id: KEY, secret: SECRET },
  { id: 'ASIDEXAMPLE', secret: SECRET, session_token: sessionToken },
];
const rds = { users: ['app'], passwords: { legacy: 'secret' } };
const PAM = { code: '28000', message: 'PAM authentication failed for user "app"' };

const portOf = (emulator, front = 'rds') => Number(emulator.ready[front].address.split(':').at(-1));

const rdsToken = (emulator, { username = 'app', with: given = credentials } = {}) =>
  new Signer({
    hostname: 'localhost',
    port: portOf(emulator),
    username,
    region: REGION,
    credentials: given,
  }).getAuthToken();

const dsqlSigner = () => new DsqlSigner({ hostname: 'localhost', region: REGION, credentials });

async function connect(emulator, password, { user = 'app', front = 'rds', ssl = {} } = {}) {
  const client = new pg.Client({
    host: 'localhost',
    port: portOf(emulator, front),
    user,
    password,
    database: 'postgres',
    ssl: ssl && { ca: emulator.ca },
  });
  // What breaks off a connection is told to its queries too.
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function whoami(...place) {
  const client = await connect(...place);
  const { rows } = await client.query('SELECT current_user AS name');
  await client.end();
  return rows[0].name;
}

const lastLogin = async (emulator, front = 'rds') => (await emulator.record())[front].logins.at(-1);

/** Looks until it holds; the test's own time limit ends what never does. */
async function until(holds) {
  while (!(await holds())) await pause(200);
}

describe('the RDS front', { timeout: 120_000 }, () => {
  let emulator;
  const ends = [];
  before(async () => {
    emulator = await Emulator.start(
      { after: end => ends.push(end) },
      common({ keys, rds, dsql: { users: ['app'] } }),
    );
  });
  after(() => Promise.all(ends.map(end => end())));
  afterEach(() => emulator.fault('faults/clear'));

  test('logs in with a token', async () => {
    assert.equal(await whoami(emulator, await rdsToken(emulator)), 'app');
    const { outcome, method, access_key } = await lastLogin(emulator);
    assert.deepEqual(
      { outcome, method, access_key },
      { outcome: 'accepted', method: 'iam', access_key: KEY },
    );
  });

  test('logs in with a token of several kilobytes', async () => {
    const token = await rdsToken(emulator, { with: temporary });
    assert.ok(token.length > 3000);
    assert.equal(await whoami(emulator, token), 'app');
  });

  test('logs in anew with what a function gives, as a pool does', async () => {
    const pool = new pg.Pool({
      host: 'localhost',
      port: portOf(emulator),
      user: 'app',
      database: 'postgres',
      password: () => rdsToken(emulator),
      ssl: { ca: emulator.ca },
    });
    const answers = await Promise.all([1, 2, 3].map(n => pool.query('SELECT $1::int AS n', [n])));
    assert.deepEqual(
      answers.map(({ rows }) => rows[0].n),
      [1, 2, 3],
    );
    await pool.end();
  });

  test('hears why a login is refused', async () => {
    const good = await rdsToken(emulator);
    await assert.rejects(connect(emulator, `${good}0`), PAM);
    await assert.rejects(connect(emulator, 'secret'), PAM);
    await assert.rejects(connect(emulator, await rdsToken(emulator, { username: 'other' })), PAM);
    assert.equal((await lastLogin(emulator)).check, 'E08');
    const message =
      'no pg_hba.conf entry for host "127.0.0.1", user "app", database "postgres", no encryption';
    await assert.rejects(connect(emulator, good, { ssl: false }), { code: '28000', message });
  });

  test('checks passwords where a role has no rds_iam', async () => {
    assert.equal(await whoami(emulator, 'secret', { user: 'legacy' }), 'legacy');
    const message = 'password authentication failed for user "legacy"';
    await assert.rejects(connect(emulator, 'wrong', { user: 'legacy' }), { code: '28P01', message });
  });

  test('refuses, throttles and fails on command', async () => {
    const token = await rdsToken(emulator);
    for (const [fault, reason] of [
      ['refuse', 'fault-refuse'],
      ['throttle', 'throttled'],
      ['iam-outage', 'iam-outage'],
    ]) {
      await emulator.fault(`rds/faults/${fault}`);
      await assert.rejects(connect(emulator, token), PAM);
      assert.equal((await lastLogin(emulator)).reason, reason);
      await emulator.fault('faults/clear');
    }
    await emulator.fault('rds/faults/cut', { count: 1 });
    await assert.rejects(connect(emulator, token), /terminated|ECONNRESET/);
    assert.equal(await whoami(emulator, token), 'app');
  });

  test('breaks connections off and comes back', async () => {
    const token = await rdsToken(emulator);
    const killed = await connect(emulator, token);
    await emulator.fault('rds/faults/kill');
    await assert.rejects(killed.query('SELECT 1'));
    const dropped = await connect(emulator, token);
    await emulator.fault('rds/faults/restart-backend');
    await assert.rejects(dropped.query('SELECT 1'));
    assert.equal(await whoami(emulator, token), 'app');
  });

  test('plays DSQL', async () => {
    const [plain, admin] = await Promise.all([
      dsqlSigner().getDbConnectAuthToken(),
      dsqlSigner().getDbConnectAdminAuthToken(),
    ]);
    const front = 'dsql';
    assert.equal(await whoami(emulator, plain, { front }), 'app');
    assert.equal(await whoami(emulator, admin, { front, user: 'admin' }), 'admin');
    const denied = { code: '28000', message: 'unable to accept connection, access denied' };
    await assert.rejects(connect(emulator, plain, { front, user: 'admin' }), denied);
  });
});

test('a connection survives its token', { timeout: 120_000 }, async t => {
  const emulator = await Emulator.start(t, common({ rds: { ...rds, token_life: 8 } }));
  const token = await rdsToken(emulator);
  const client = await connect(emulator, token);
  await until(async () => {
    const refused = await whoami(emulator, token).then(
      () => undefined,
      error => error,
    );
    if (refused) assert.deepEqual({ code: refused.code, message: refused.message }, PAM);
    return refused;
  });
  assert.equal((await lastLogin(emulator)).check, 'E24');
  assert.equal((await client.query('SELECT 1 AS n')).rows[0].n, 1);
  await client.end();
});
