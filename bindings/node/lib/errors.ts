/** What goes wrong, with the same attributes as in every language. */

import type { ErrorInfo } from './native.js';
import { thrownBy } from './thrown.js';

/**
 * An error of keyrotor's. `code` and `number` are the contract; messages are for people and may change. No part
 * of it ever holds a secret.
 */
export class KeyrotorError extends Error {
  /** The code's name: `auth-refused`. */
  readonly code: string;
  /** The code's number: 300. */
  readonly number: number;
  /** Whether the same call may succeed later, with nothing changed. */
  readonly retryable: boolean;
  /** Of a `config-*` error: the field, `authentication_info.iam_credentials.region`. */
  readonly field: string | undefined;
  /** The server's own words, where the server spoke. */
  readonly serverText: string | undefined;
  /** Of a `credentials-*` error: the source that was asked. */
  readonly source: string | undefined;

  /** @internal */
  constructor(info: ErrorInfo, options?: ErrorOptions) {
    super(info.message, options);
    this.code = info.code;
    this.number = info.number;
    this.retryable = info.retryable;
    this.field = info.field;
    this.serverText = info.serverText;
    this.source = info.source;
  }

  override get name(): string {
    return this.constructor.name;
  }

  /** The attributes, for logs. */
  toJSON(): ErrorInfo & { name: string } {
    const { name, code, number, message, retryable, field, serverText, source } = this;
    const optional = {
      ...(field && { field }),
      ...(serverText && { serverText }),
      ...(source && { source }),
    };
    return { name, code, number, message, retryable, ...optional };
  }
}

/** `config-*`: the request is wrong; `field` says where. */
export class ConfigError extends KeyrotorError {}
/** `credentials-*`: no token could be made; `source` says by whom. */
export class CredentialsError extends KeyrotorError {}
/** `auth-*`: the server refused the login, or none could be made; `serverText` has its words. */
export class AuthError extends KeyrotorError {}
/** `network-*`: the way to the server. */
export class NetworkError extends KeyrotorError {}
/** `server-error`: the server answered a command with an error; `serverText` has it. */
export class ServerError extends KeyrotorError {}
/** A command that timed out, is not supported, has a wrong argument, or got an answer that cannot be read. */
export class RequestError extends KeyrotorError {}
/** `closed` and `cancelled`. */
export class ClosedError extends KeyrotorError {}
/** `internal`: a bug in keyrotor. Please report it. */
export class InternalError extends KeyrotorError {}

/** By the hundreds of the number, which are the prefixes of the names. */
const CLASSES = [
  InternalError,
  ConfigError,
  CredentialsError,
  AuthError,
  NetworkError,
  RequestError,
  ClosedError,
  InternalError,
];

/** @internal */
export function errorOf(info: ErrorInfo, options?: ErrorOptions): KeyrotorError {
  const Class =
    info.code === 'server-error' ? ServerError : (CLASSES[Math.floor(info.number / 100)] ?? KeyrotorError);
  const cause = info.thrown && thrownBy(info.thrown);
  return new Class(info, options ?? (cause === undefined ? undefined : { cause }));
}

/** @internal What native code threw, as an error of ours. */
export function caught(thrown: unknown): KeyrotorError {
  if (thrown instanceof KeyrotorError) return thrown;
  if (isInfo(thrown)) return errorOf(thrown);
  const message = `internal error, please report it: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  return new InternalError({ number: 700, code: 'internal', message, retryable: false }, { cause: thrown });
}

function isInfo(thrown: unknown): thrown is ErrorInfo {
  // The addon throws plain objects; only what it did not mean to throw is an Error.
  return typeof thrown === 'object' && thrown !== null && !(thrown instanceof Error) && 'retryable' in thrown;
}

/** @internal Calls native code, and throws errors of ours. */
export function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw caught(thrown);
  }
}

/** @internal A wrong argument of a call, said before anything is sent. */
export function argumentInvalid(message: string): RequestError {
  return new RequestError({ number: 505, code: 'argument-invalid', message, retryable: false });
}
