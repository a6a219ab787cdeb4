/** Requests on their way to the core: bytes and JSON pass as they are, native objects become JSON. */

import { Functions, type Callbacks, type KeyFunction, type LoginFunction } from './callbacks.js';
import type { ClientOptions, ConnectionRequestJson } from './connection.js';
import type { Credentials, TokenManagerOptions, TokenManagerRequestJson } from './credentials.js';
import type { Encoding } from './native.js';
import { argumentInvalid } from './errors.js';

/** Native names, the arm of the oneof they stand for, and what they set in it. */
const ARMS: Record<string, readonly [arm: string, sets: object]> = {
  elastiCache: ['iamCredentials', {}],
  memoryDb: ['iamCredentials', { serviceType: 'MEMORYDB' }],
  rds: ['rdsCredentials', {}],
  dsql: ['dsqlCredentials', {}],
  password: ['serverCredentials', {}],
  callback: ['callbackCredentials', {}],
};

/** A member of an object and its JSON. A list of them may name one twice, so that the core can say so. */
type Member = readonly [name: string, json: string];

/** @internal */
export interface EncodedRequest {
  bytes: Uint8Array;
  encoding: Encoding;
  functions: Functions;
}

/** @internal */
export function managerRequest(
  request: TokenManagerOptions | TokenManagerRequestJson | string | Uint8Array,
  callbacks?: Callbacks,
): EncodedRequest {
  return encoded(request, callbacks, (options, functions) => {
    const native = Object.fromEntries(Object.entries(options).filter(([name]) => name in ARMS));
    const rest = Object.entries(options).filter(([name]) => !(name in ARMS));
    const members = rest.map(([name, value]): Member => [name, json(value)]);
    return Object.keys(native).length > 0 ? [...members, authentication(native, functions)] : members;
  });
}

/** @internal */
export function connectionRequest(
  request: ClientOptions | ConnectionRequestJson | string | Uint8Array,
  callbacks?: Callbacks,
): EncodedRequest {
  return encoded(request, callbacks, (options, functions) =>
    Object.entries(options).map(([name, value]): Member =>
      name === 'credentials' && isObject(value) ? authentication(value, functions) : [name, json(value)],
    ),
  );
}

function encoded(
  request: unknown,
  callbacks: Callbacks | undefined,
  members: (options: object, functions: Functions) => Member[],
): EncodedRequest {
  const functions = new Functions(callbacks);
  if (request instanceof Uint8Array) return { bytes: request, encoding: 'protobuf', functions };
  if (typeof request === 'string') return { bytes: Buffer.from(request), encoding: 'json', functions };
  if (!isObject(request))
    throw argumentInvalid('a request is an object, a text with JSON, or bytes of protobuf');
  return { bytes: Buffer.from(object(members(request, functions))), encoding: 'json', functions };
}

function authentication(credentials: Partial<Credentials> | object, functions: Functions): Member {
  const members = Object.entries(credentials).map(([name, value]): Member => {
    const [arm, sets] = ARMS[name] ?? [name, {}];
    if (arm === 'callbackCredentials' && typeof value === 'function')
      return [arm, json({ name: functions.named(value as LoginFunction) })];
    return [arm, json(isObject(value) ? { ...named(value, functions), ...sets } : value)];
  });
  return ['authenticationInfo', object(members)];
}

/** With the name of the function that gives the keys in its place. */
function named(credentials: { keySource?: unknown }, functions: Functions): object {
  const { keySource } = credentials;
  if (typeof keySource !== 'function') return credentials;
  return { ...credentials, keySource: functions.named(keySource as KeyFunction) };
}

function object(members: Member[]): string {
  const present = members.filter(([, text]) => text !== '');
  return `{${present.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`;
}

/** proto3 JSON: bytes are base64, and numbers that JSON does not have are refused by the core, not dropped here. */
function json(value: unknown): string {
  if (value === undefined) return '';
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('base64'));
  if (typeof value === 'bigint') return JSON.stringify(value.toString());
  if (typeof value === 'number' && !Number.isFinite(value)) return JSON.stringify(String(value));
  if (Array.isArray(value)) return `[${value.map(item => json(item) || 'null').join(',')}]`;
  if (isObject(value))
    return object(Object.entries(value).map(([name, member]): Member => [name, json(member)]));
  if (typeof value === 'function' || typeof value === 'symbol') {
    throw argumentInvalid(`a request holds a ${typeof value}, which is no value of its schema`);
  }
  return JSON.stringify(value);
}

function isObject(value: unknown): value is object {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}
