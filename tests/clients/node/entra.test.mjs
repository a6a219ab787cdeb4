// @redis/entraid with node-redis, @azure/identity and MSAL, against the emulated Entra and its cache.

import { ManagedIdentityCredential, WorkloadIdentityCredential } from '@azure/identity';
import { ConfidentialClientApplication } from '@azure/msal-node';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createClient } from 'redis';
import { Emulator } from './emulator.mjs';
import { APPLICATION, ASSIGNED, azure, SCOPE, SECRET, SYSTEM, TENANT } from './tenant.mjs';

const PROGRAM = fileURLToPath(new URL('programs/entraid.mjs', import.meta.url));

const FLOWS = [
  ['secret', 'service-principal', APPLICATION],
  ['certificate', 'service-principal', APPLICATION],
  ['system', 'app-service', SYSTEM],
  ['assigned', 'imds', ASSIGNED],
  ['identity-secret', 'service-principal', APPLICATION],
  ['identity-certificate', 'service-principal', APPLICATION],
];

/** Runs the program, led to the emulator by the environments of these names. */
async function run(emulator, flow, environment, seconds) {
  const { environments } = emulator.ready.entra;
  const env = {
    ...process.env,
    ...environments.trust,
    ...environments[environment],
    AZURE_CACHE_CA: emulator.ca,
  };
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, flow, emulator.port, seconds], {
    env,
  });
  return stdout.trim();
}

/** Sets variables for the test `t`. */
function environment(t, variables) {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name];
    process.env[name] = value;
    t.after(() => (before === undefined ? delete process.env[name] : (process.env[name] = before)));
  }
}

for (const [flow, environment, { object_id }] of FLOWS) {
  test(`@redis/entraid logs in: ${flow}`, async t => {
    const emulator = await Emulator.start(t, azure());
    assert.equal(await run(emulator, flow, environment, 0), object_id);
    const [login] = (await emulator.record()).logins;
    assert.deepEqual([login.outcome, login.user], ['accepted', object_id]);
  });
}

for (const [flow, environment] of FLOWS.slice(0, 2)) {
  test(`@redis/entraid logs in again before its token ends: ${flow}`, async t => {
    const emulator = await Emulator.start(t, azure());
    await emulator.fault('entra/faults/life', { seconds: 8 });
    await run(emulator, flow, environment, 10);
    const { totals } = await emulator.record();
    assert.ok(totals.relogins >= 2, JSON.stringify(totals));
    assert.deepEqual([totals.connections, totals.logins_refused, totals.session_limit_cuts], [1, 0, 0]);
  });
}

test('a connection is closed when its token ends', async t => {
  const emulator = await Emulator.start(t, azure());
  environment(t, emulator.ready.entra.environments.imds);
  await emulator.fault('entra/faults/life', { seconds: 5 });
  const { token } = await new ManagedIdentityCredential().getToken(SCOPE);
  const socket = {
    host: 'localhost',
    port: emulator.port,
    tls: true,
    ca: emulator.ca,
    reconnectStrategy: false,
  };
  const client = createClient({ username: SYSTEM.object_id, password: token, socket });
  const closed = new Promise(resolve => client.on('error', resolve));
  await client.connect();
  await client.ping();
  await closed;
  const { connections } = await emulator.record();
  assert.equal(connections[0].why, 'session-limit');
});

test('@azure/identity gets a token for a workload', async t => {
  const emulator = await Emulator.start(t, azure());
  const variables = emulator.ready.entra.environments['workload-identity'];
  environment(t, variables);
  const tlsOptions = { ca: emulator.ca };
  const told = { authorityHost: variables.AZURE_AUTHORITY_HOST, disableInstanceDiscovery: true, tlsOptions };
  const { token } = await new WorkloadIdentityCredential(told).getToken(SCOPE);
  assert.equal(claims(token).oid, APPLICATION.object_id);
});

test('faults reach MSAL', async t => {
  const emulator = await Emulator.start(t, azure());
  const ask = () => application(emulator).acquireTokenByClientCredential({ scopes: [SCOPE] });
  assert.equal(claims((await ask()).accessToken).oid, APPLICATION.object_id);
  await emulator.fault('entra/faults/throttling', { endpoint: 'token', retry_after: 7 });
  await assert.rejects(ask(), /AADSTS90055/);
  await emulator.fault('entra/faults/clear');
  await emulator.fault('entra/faults/failing', { endpoint: 'token', status: 503 });
  await assert.rejects(ask(), /AADSTS90033/);
  await emulator.fault('entra/faults/gone', { endpoint: 'token' });
  await assert.rejects(ask(), /network_error|fetch failed/);
  await emulator.fault('faults/clear');
  await emulator.fault('entra/faults/lie', { seconds: 7200 });
  const { accessToken, expiresOn } = await ask();
  assert.ok(Math.abs(expiresOn / 1000 - claims(accessToken).exp - 7200) <= 2);
});

test('a wrong secret is refused', async t => {
  const emulator = await Emulator.start(t, azure());
  const asking = application(emulator, 'wrong').acquireTokenByClientCredential({ scopes: [SCOPE] });
  await assert.rejects(asking, /AADSTS7000215/);
});

/** MSAL, led to the emulator's port without TLS by its own network module: this process trusts nobody new. */
function application(emulator, clientSecret = SECRET) {
  const { authority, http } = emulator.ready.entra;
  const send = async (method, url, { headers, body } = {}) => {
    const answer = await fetch(url.replace(authority, http), { method, headers, body });
    return { headers: Object.fromEntries(answer.headers), body: await answer.json(), status: answer.status };
  };
  const networkClient = {
    sendGetRequestAsync: (url, options) => send('GET', url, options),
    sendPostRequestAsync: (url, options) => send('POST', url, options),
  };
  const metadata = {
    issuer: `${authority}/${TENANT}/v2.0`,
    jwks_uri: `${authority}/${TENANT}/discovery/v2.0/keys`,
  };
  const endpoints = ['token', 'authorize'].map(name => [name, `${authority}/${TENANT}/oauth2/v2.0/${name}`]);
  const [token_endpoint, authorization_endpoint] = endpoints.map(([, url]) => url);
  return new ConfidentialClientApplication({
    auth: {
      clientId: APPLICATION.client_id,
      clientSecret,
      authority: `${authority}/${TENANT}`,
      knownAuthorities: [new URL(authority).host],
      authorityMetadata: JSON.stringify({ ...metadata, token_endpoint, authorization_endpoint }),
    },
    system: { networkClient },
  });
}

function claims(token) {
  return JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
}
