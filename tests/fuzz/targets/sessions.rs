//! A session stands as a plain model of it, whatever happens in whichever order.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyrotor_emulator::properties::sessions(data));
