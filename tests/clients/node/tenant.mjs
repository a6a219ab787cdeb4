// A tenant with one application and two managed identities, as the Python tests have it.

import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const TENANT = '11111111-2222-3333-4444-555555555555';
export const SCOPE = 'https://redis.azure.com/.default';
export const SECRET = 'made-up-client-secret';
export const APPLICATION = {
  client_id: '00000000-aaaa-0000-0000-00000000c11e',
  object_id: '00000000-aaaa-0000-0000-000000000b1e',
};
export const SYSTEM = {
  client_id: '00000000-bbbb-0000-0000-00000000c11e',
  object_id: '00000000-bbbb-0000-0000-000000000b1e',
  system_assigned: true,
};
export const ASSIGNED = {
  client_id: '00000000-cccc-0000-0000-00000000c11e',
  object_id: '00000000-cccc-0000-0000-000000000b1e',
};

/** The file with the application's certificate and its key. */
export const PEM_FILE = fileURLToPath(new URL('../application.pem', import.meta.url));

/** The certificate and its key, each in PEM. */
export function certificate() {
  const text = readFileSync(PEM_FILE, 'utf8');
  const part = kind => new RegExp(`-----BEGIN ${kind}-----[^]*-----END ${kind}-----`).exec(text)[0];
  return { certificate: part('CERTIFICATE'), privateKey: part('PRIVATE KEY') };
}

/** The certificate's SHA-256 thumbprint, in hex. */
export function thumbprint() {
  const { raw } = new X509Certificate(certificate().certificate);
  return createHash('sha256').update(raw).digest('hex');
}

/** A configuration with the tenant, and a cache that takes its tokens. */
export function azure(settings = {}) {
  const application = {
    ...APPLICATION,
    secrets: [SECRET],
    certificates: [certificate().certificate],
    federated_subjects: ['system:serviceaccount:default:app'],
  };
  const users = [APPLICATION, SYSTEM, ASSIGNED].map(identity => identity.object_id);
  return {
    entra: { applications: [application], managed_identities: [SYSTEM, ASSIGNED], ...settings },
    cache: { service: 'azure', users },
  };
}
