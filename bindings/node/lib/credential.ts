/** What a login is made with. */

import { inspect } from 'node:util';

import type { CredentialInfo } from './native.js';

/** A user name, the secret that goes with it, and how long it holds. Printed, logged or as JSON it shows `***`. */
export class Credential {
  /** The name to log in with. */
  readonly user: string;
  /** When the secret was made. */
  readonly issuedAt: Date;
  /** When it ends; `null` for a password that does not. */
  readonly expiresAt: Date | null;
  /** Grows by one with each new secret of a manager; 1 is its first. */
  readonly generation: number;
  readonly #secret: string;

  /** @internal */
  constructor(info: CredentialInfo) {
    this.user = info.user;
    this.issuedAt = new Date(info.issuedAt);
    this.expiresAt = info.expiresAt === undefined ? null : new Date(info.expiresAt);
    this.generation = info.generation;
    this.#secret = info.secret;
  }

  /** The token or password itself. Do not log it. */
  get secret(): string {
    return this.#secret;
  }

  toJSON(): { user: string; secret: string; issuedAt: Date; expiresAt: Date | null; generation: number } {
    const { user, issuedAt, expiresAt, generation } = this;
    return { user, secret: '***', issuedAt, expiresAt, generation };
  }

  toString(): string {
    return `Credential(${this.user}, ***, generation ${this.generation})`;
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
