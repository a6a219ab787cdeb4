/** Test your application's IAM login: a local cache that really checks tokens, with a real server behind it. */

export { Control, type Faults, type EmulatorRecord } from './control.js';
export { Emulator, type CacheSection, type EmulatorConfig, type StartOptions } from './emulator.js';
export type { Login } from './login.js';
