/** Starts an emulator, says where it is, and forgets about it. */

import { Emulator } from '../../lib/testing/index.js';

const emulator = await Emulator.start();
console.log(emulator.ca, emulator.environment['KEYROTOR_CONTROL']);
