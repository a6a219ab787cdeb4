//! Gives the shared library its SONAME, so that programs find it under its installed name.

fn main() {
    // The number is KR_ABI_VERSION; a test compares them.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libkeyrotor.so.0");
    println!("cargo:rerun-if-changed=build.rs");
}
