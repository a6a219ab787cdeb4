/** A client's configuration; its fields are those of `connection.proto`. */

import type { AuthenticationInfoJson, Credentials, Password, RefreshPolicy } from './credentials.js';

/** What both forms of the configuration have. */
export interface ConnectionSettings {
  /** Port 0 or unset: 6379. */
  addresses: { host: string; port?: number }[];
  /** `InsecureTls`: encrypted, but the server is not verified. Unset: `NoTls`. */
  tlsMode?: 'NoTls' | 'SecureTls' | 'InsecureTls';
  /** Milliseconds. Unset: 1000. */
  requestTimeout?: number;
  /** Milliseconds, for each of TCP, TLS and login. Unset: 2000. */
  connectionTimeout?: number;
  connectionRetryStrategy?: {
    numberOfRetries?: number;
    /** Milliseconds. */
    factor?: number;
    exponentBase?: number;
    jitterPercent?: number;
  };
  databaseId?: number;
  /** Unset: RESP3. */
  protocol?: 'RESP3' | 'RESP2';
  clientName?: string;
  libName?: string;
  inflightRequestsLimit?: number;
  /** PEM as bytes, or base64 of PEM; the only roots that are trusted where any is given. */
  rootCerts?: (Uint8Array | string)[];
  /** PEM as bytes, or base64 of PEM. */
  clientCert?: Uint8Array | string;
  /** PEM as bytes, or base64 of PEM. */
  clientKey?: Uint8Array | string;
  tcpNodelay?: boolean;
  /** A password for where no token could be made. */
  fallbackCredentials?: Password;
  /** No login without a token, whatever else is configured. */
  requireIam?: boolean;
  /** Lets a token travel unencrypted. For tests. */
  allowPlaintext?: boolean;
  /** Lets a token travel to a server that was not verified. For tests. */
  allowUnverifiedTls?: boolean;
  /** The name that the server's certificate must have. Unset: the address's host. */
  serverName?: string;
  /** ACL WHOAMI after each login; another name fails the connection. */
  verifyIdentity?: boolean;
  /** As `verifyIdentity`; and where the user may not ask, the connection fails, too. */
  requireIdentity?: boolean;
  /** How the client's token manager refreshes. */
  refresh?: RefreshPolicy;
}

/** The native configuration of a client. */
export interface ClientOptions extends ConnectionSettings {
  /** Unset: the client does not log in. */
  credentials?: Credentials;
}

/**
 * `keyrotor.v1.ConnectionRequest` as proto3 JSON, with bytes in base64 or as bytes. The fields that are not named
 * here are checked, and refused, by the core.
 */
export interface ConnectionRequestJson extends ConnectionSettings {
  authenticationInfo?: AuthenticationInfoJson;
}
