//! A client's stream: cut anywhere it gives the same, and holds no memory without bound.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyrotor_emulator::properties::requests(data));
