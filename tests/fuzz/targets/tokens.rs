//! Changed tokens: what is accepted says what a valid token says.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyrotor_emulator::properties::tokens(data));
