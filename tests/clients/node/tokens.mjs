// Tokens made by other people's signers.

import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { CLUSTER, KEY, REGION, SECRET, USER } from './emulator.mjs';

/** A token as AWS's documentation makes it in JavaScript. */
export async function smithyToken({
  cluster = CLUSTER,
  user = USER,
  region = REGION,
  service = 'elasticache',
  serverless = false,
  credentials = { accessKeyId: KEY, secretAccessKey: SECRET },
  expiresIn = 900,
} = {}) {
  const signer = new SignatureV4({ credentials, region, service, sha256: Sha256 });
  const query = { Action: 'connect', User: user, ...(serverless && { ResourceType: 'ServerlessCache' }) };
  const request = {
    method: 'GET',
    protocol: 'https:',
    hostname: cluster,
    path: '/',
    headers: { host: cluster },
  };
  const signed = await signer.presign({ ...request, query }, { expiresIn });
  const text = Object.entries(signed.query).map(pair => pair.map(encodeURIComponent).join('='));
  return `${cluster}/?${text.join('&')}`;
}
