/** Keeps cache and database connections logged in with short-lived cloud tokens. */

import { guarded } from './errors.js';
import { native } from './native.js';

export { Batch, type BatchOptions } from './batch.js';
export type { Callbacks, Expiry, KeyFunction, Login, LoginFunction, TemporaryKey } from './callbacks.js';
export { Client } from './client.js';
export type { Argument, DecodeOptions, Reply } from './command.js';
export type { ClientOptions, ConnectionRequestJson, ConnectionSettings } from './connection.js';
export { Credential } from './credential.js';
export type {
  AccessKey,
  AuthenticationInfoJson,
  AwsSource,
  Credentials,
  Dsql,
  ElastiCache,
  MemoryDb,
  Password,
  Rds,
  RefreshPolicy,
  TokenManagerOptions,
  TokenManagerRequestJson,
} from './credentials.js';
export {
  AuthError,
  ClosedError,
  ConfigError,
  CredentialsError,
  InternalError,
  KeyrotorError,
  NetworkError,
  RequestError,
  ServerError,
} from './errors.js';
export { TokenManager, type TokenManagerEvents } from './manager.js';
export type { ClientStats, Counts, Identity, State, Status, TokenEvent } from './status.js';

/**
 * The compiled schema, a `google.protobuf.FileDescriptorSet`: with it a protobuf library builds requests without
 * generated code.
 */
export const fileDescriptorSet: Uint8Array = guarded(() => native.descriptorSet());

/**
 * Converts the bytes of GLIDE's `ConnectionRequest` (2.x), whose field 7 is laid out in another way, into ours.
 *
 * @throws {ConfigError} where they are not, or hold what keyrotor does not support.
 */
export function connectionRequestFromGlide(bytes: Uint8Array): Uint8Array {
  return guarded(() => native.convertGlideRequest(bytes));
}
