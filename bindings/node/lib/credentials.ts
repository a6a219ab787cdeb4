/** Who logs in, and with what: the native configuration, whose fields are those of `credentials.proto`. */

import type { KeyFunction, LoginFunction } from './callbacks.js';

/** AWS keys; where they are not set, AWS's default chain gives them. */
export interface AccessKey {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** Where the AWS keys that sign come from. */
export interface AwsSource {
  /** Unset: AWS_REGION, AWS_DEFAULT_REGION, then the profile's. */
  region?: string;
  /** Name of the profile in AWS's shared files. */
  profile?: string;
  /** A role to assume before signing. */
  roleArn?: string;
  externalId?: string;
  /** Endpoint of STS, for stand-ins. */
  endpoint?: string;
  /** Seconds. Unset: the service's 900. */
  tokenLifeSeconds?: number;
  /** As proto3 JSON writes it: `"480s"`. Unset: 8/15 of the token's life. */
  refreshInterval?: string;
  accessKey?: AccessKey;
  /** A function that gives the keys, or the name of one among the callbacks. */
  keySource?: KeyFunction | string;
}

/** AWS IAM for MemoryDB. */
export interface MemoryDb extends AwsSource {
  /** The cluster's name, never the endpoint's DNS name. */
  clusterName: string;
  /** The user's name. */
  username: string;
  /** Minutes; or `refreshInterval`, not both. */
  refreshIntervalMinutes?: number;
  /** Seconds; shorter than the service's 12 hours between two logins. */
  leaseSeconds?: number;
}

/** AWS IAM for ElastiCache; `clusterName` is the replication group id, or the serverless cache's name. */
export interface ElastiCache extends MemoryDb {
  serverless?: boolean;
}

/** AWS IAM for RDS and Aurora. */
export interface Rds extends AwsSource {
  /** The instance's, cluster's or proxy's own endpoint; never a DNS alias. */
  host: string;
  port: number;
  /** The database user. Its case matters. */
  username: string;
}

/** AWS IAM for Aurora DSQL. */
export interface Dsql extends AwsSource {
  host: string;
  /** Signs DbConnectAdmin, for the user `admin`, in place of DbConnect. */
  admin?: boolean;
  username?: string;
}

/** A user name and password that do not change by themselves. */
export interface Password {
  /** Unset: the server's `default` user. */
  username?: string;
  password: string;
}

/** One kind of credentials. */
export type Credentials =
  | { elastiCache: ElastiCache }
  | { memoryDb: MemoryDb }
  | { rds: Rds }
  | { dsql: Dsql }
  | { password: Password }
  | { callback: LoginFunction };

/** How a manager refreshes; durations as proto3 JSON writes them (`"60s"`). */
export interface RefreshPolicy {
  /** Share of a token's life after which it is refreshed, where the source decides the life. Unset: 0.75. */
  ratio?: number;
  /** A token with less than this left is not handed out while a better one can be had. Unset: 60 s. */
  margin?: string;
  retry?: {
    /** Attempts before waiting callers get the error; retrying goes on after it. Unset: 3. */
    maxAttempts?: number;
    /** Unset: 200 ms. */
    initialDelay?: string;
    /** Unset: 30 s. */
    maxDelay?: string;
    /** Unset: 2. */
    backoffMultiplier?: number;
    /** 0 to 100. Unset: full jitter. */
    jitterPercentage?: number;
  };
  /** How long one round of attempts may take, and so how long a caller waits. Unset: 10 s. */
  sourceTimeout?: string;
}

/** A token manager's configuration. */
export type TokenManagerOptions = Credentials & { refresh?: RefreshPolicy };

/** As JSON, which holds no function, but the name of one. */
type Named<T> = Omit<T, 'keySource'> & { keySource?: string };

/** `keyrotor.v1.AuthenticationInfo` as proto3 JSON. */
export interface AuthenticationInfoJson {
  serverCredentials?: Password;
  iamCredentials?: Named<ElastiCache> & { serviceType?: 'ELASTICACHE' | 'MEMORYDB' };
  rdsCredentials?: Named<Rds>;
  dsqlCredentials?: Named<Dsql>;
  /** The name of a function among the callbacks. */
  callbackCredentials?: { name: string };
}

/** `keyrotor.v1.TokenManagerRequest` as proto3 JSON. */
export interface TokenManagerRequestJson {
  authenticationInfo?: AuthenticationInfoJson;
  refresh?: RefreshPolicy;
}
