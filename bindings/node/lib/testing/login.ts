/** What the emulator remembers of a login. */

/** One AUTH or HELLO … AUTH. Tokens appear by their hash only. */
export interface Login {
  /** The connection's number, counted from 1. */
  connection: number;
  /** The name that the client had given itself by then. */
  clientName: string | null;
  command: 'AUTH' | 'HELLO';
  /** The user of the command; `default` where it names none. */
  user: string;
  /** SHA-256 of the token, in hex. */
  tokenSha256: string;
  /** The access key id that the token names. */
  accessKey: string | null;
  /** Whether the token was good. */
  accepted: boolean;
  /** Why it was refused: `wrong-cluster`. */
  reason: string | null;
  /** The check behind the reason: `E09`. */
  check: string | null;
  /** What the token says where the check failed. */
  found: string | null;
  /** Whether this connection had logged in before. */
  relogin: boolean;
  /** How long the session lasts without another login. */
  leaseLeftSeconds: number | null;
}

/** A login as it stands in the record. */
export interface LoginEntry {
  connection: number;
  client_name: string | null;
  command: 'AUTH' | 'HELLO';
  user: string;
  token_sha256: string;
  access_key: string | null;
  outcome: 'accepted' | 'refused';
  reason: string | null;
  check: string | null;
  found: string | null;
  relogin: boolean;
  lease_left_seconds: number | null;
}

export function login(entry: LoginEntry): Login {
  return {
    connection: entry.connection,
    clientName: entry.client_name,
    command: entry.command,
    user: entry.user,
    tokenSha256: entry.token_sha256,
    accessKey: entry.access_key,
    accepted: entry.outcome === 'accepted',
    reason: entry.reason,
    check: entry.check,
    found: entry.found,
    relogin: entry.relogin,
    leaseLeftSeconds: entry.lease_left_seconds,
  };
}
