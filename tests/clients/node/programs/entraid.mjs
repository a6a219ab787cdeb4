// A program that uses @redis/entraid with node-redis: `entraid.mjs FLOW PORT SECONDS`, with the environment that leads
// it to the emulator. It prints who it is, pings for that long, and fails if anything fails.
//
// A process of its own, since Node takes its authorities from NODE_EXTRA_CA_CERTS when it starts.

import { ClientCertificateCredential, ClientSecretCredential } from '@azure/identity';
import { EntraIdCredentialsProviderFactory } from '@redis/entraid';
import { setTimeout } from 'node:timers/promises';
import { createClient } from 'redis';
import {
  APPLICATION,
  ASSIGNED,
  certificate,
  PEM_FILE,
  SCOPE,
  SECRET,
  TENANT,
  thumbprint,
} from '../tenant.mjs';

const [flow, port, seconds] = process.argv.slice(2);
const authority = process.env.AZURE_AUTHORITY_HOST;

// MSAL asks login.microsoftonline.com whether to trust an authority, and @redis/entraid cannot tell it to trust one.
// Newer versions of Node find the emulator's proxy by HTTPS_PROXY and NODE_USE_ENV_PROXY; Node 20 cannot.
const direct = globalThis.fetch;
globalThis.fetch = (url, options) =>
  direct(String(url).replace('https://login.microsoftonline.com', authority), options);

const common = {
  tokenManagerConfig: {
    expirationRefreshRatio: 0.4,
    retry: {
      maxAttempts: 3,
      initialDelayMs: 100,
      maxDelayMs: 1000,
      backoffMultiplier: 2,
      isRetryable: () => true,
    },
  },
  onReAuthenticationError: fail,
};
const application = { ...common, clientId: APPLICATION.client_id };
const proof = [TENANT, APPLICATION.client_id];
const told = { authorityHost: authority, disableInstanceDiscovery: true };
const factory = EntraIdCredentialsProviderFactory;
const flows = {
  secret: () =>
    factory.createForClientCredentials({
      ...application,
      clientSecret: SECRET,
      authorityConfig: { type: 'multi-tenant', tenantId: TENANT },
    }),
  certificate: () =>
    factory.createForClientCredentialsWithCertificate({
      ...application,
      certificate: { thumbprintSha256: thumbprint(), privateKey: certificate().privateKey },
      authorityConfig: { type: 'custom', authorityUrl: `${authority}/${TENANT}` },
    }),
  system: () => factory.createForSystemAssignedManagedIdentity(application),
  assigned: () =>
    factory.createForUserAssignedManagedIdentity({
      ...application,
      userAssignedClientId: ASSIGNED.client_id,
    }),
  'identity-secret': () => byIdentity(new ClientSecretCredential(...proof, SECRET, told)),
  'identity-certificate': () => byIdentity(new ClientCertificateCredential(...proof, PEM_FILE, told)),
};

function byIdentity(credential) {
  return factory.createForDefaultAzureCredential({ ...common, credential, scopes: SCOPE });
}

function fail(error) {
  console.error(error);
  process.exit(1);
}

const { AZURE_CACHE_CA: ca } = process.env;
const socket = { host: 'localhost', port: Number(port), tls: true, ca, reconnectStrategy: false };
const client = createClient({ socket, RESP: 3, credentialsProvider: flows[flow]() });
client.on('error', fail);
await client.connect();
console.log(await client.sendCommand(['ACL', 'WHOAMI']));
const end = Date.now() + Number(seconds) * 1000;
while (Date.now() < end) {
  await client.ping();
  await setTimeout(100);
}
process.exit(0);
