//! T17: what a token stood in is zeroed when the last who held it lets go. Linux shows a process its own memory.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::fs::File;
use std::os::unix::fs::FileExt;

use keyrotor::{Format, Secret, TokenManager};

fn memory(at: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    File::open("/proc/self/mem").unwrap().read_exact_at(&mut bytes, at).unwrap();
    bytes
}

fn place(secret: &Secret) -> (u64, usize) {
    (secret.expose().as_ptr() as u64, secret.expose().len())
}

#[test]
fn t17_the_memory_of_a_token_is_zeroed_with_its_last_holder() {
    let request =
        br#"{"authenticationInfo": {"iamCredentials": {"clusterName": "c", "username": "u", "region": "r",
        "accessKey": {"accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "secret"}}}}"#;
    let manager = TokenManager::from_request(request, Format::Json).unwrap();
    let token = manager.token().unwrap();
    let (at, length) = place(&token);
    let needle = token.expose().as_bytes()[64..128].to_vec();
    let holds = |needle: &[u8]| {
        memory(at, length).windows(16).any(|window| needle.windows(16).any(|it| it == window))
    };
    manager.close();
    assert!(holds(&needle), "somebody still holds it");
    drop((token, manager));
    // The allocator may have put something else there; of the token nothing is left.
    assert!(!holds(&needle));
}
