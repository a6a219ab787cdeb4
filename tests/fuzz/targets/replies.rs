//! A backend's stream: replies end at the same places however it is cut.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyrotor_emulator::properties::replies(data));
