/** How a manager and a client stand. */

import { errorOf, type KeyrotorError } from './errors.js';
import type { CountsInfo, EventInfo, StatsInfo, StatusInfo } from './native.js';

/** The states of a manager. */
export type State = 'idle' | 'fresh' | 'refreshing' | 'degraded' | 'expired' | 'closed';

/** Whether the server said that a login is its user's. */
export type Identity = 'unchecked' | 'verified' | 'unknown';

/** What a manager counted. */
export type Counts = CountsInfo;

/** What a client did so far: commands, failures, reauths, reconnects, and commands in flight. */
export type ClientStats = StatsInfo;

/** How a token manager stands. */
export interface Status {
  state: State;
  /** For example `elasticache-iam`. */
  source: string;
  /** Of the current token; empty before the first. */
  username: string;
  /** Grows by one with each new token; 0 before the first. */
  generation: number;
  issuedAt: Date | null;
  /** `null` for credentials that do not expire. */
  expiresAt: Date | null;
  nextRefreshAt: Date | null;
  lastError: KeyrotorError | null;
  counts: Counts;
  warnings: string[];
  /** A client's: it is logged in with the fallback password, since no token can be had. */
  fallback: boolean;
  /**
   * Of a client's connections: `unknown` where the server does not say whose login any of them has, `unchecked` where
   * it is not asked.
   */
  identity: Identity;
}

/** What the events `stale` and `recovered` bring. */
export interface TokenEvent {
  kind: 'degraded' | 'expired' | 'recovered';
  at: Date | null;
  source: string;
  /** Of the token that was current then. */
  generation: number;
  expiresAt: Date | null;
  error: KeyrotorError | null;
}

/** @internal */
export function statusOf(info: StatusInfo): Status {
  const { source, username, generation, counts, warnings, fallback } = info;
  return {
    state: info.state.toLowerCase() as State,
    source,
    username,
    generation,
    issuedAt: date(info.issuedAt),
    expiresAt: date(info.expiresAt),
    nextRefreshAt: date(info.nextRefreshAt),
    lastError: info.lastError ? errorOf(info.lastError) : null,
    counts,
    warnings,
    fallback,
    identity: info.identity.toLowerCase() as Identity,
  };
}

/** @internal */
export function eventOf(info: EventInfo): TokenEvent {
  return {
    kind: info.kind.replace('EVENT_', '').toLowerCase() as TokenEvent['kind'],
    at: date(info.at),
    source: info.source,
    generation: info.generation,
    expiresAt: date(info.expiresAt),
    error: info.error ? errorOf(info.error) : null,
  };
}

function date(milliseconds: number | undefined): Date | null {
  return milliseconds === undefined ? null : new Date(milliseconds);
}
