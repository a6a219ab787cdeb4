//! No OpenSSL and no aws-lc: rustls with ring is the only cryptography.

use crate::deny::banned;
use crate::graph::packages;

#[test]
fn bans_are_kept_by_every_crate() {
    let banned = banned();
    for name in ["openssl", "openssl-sys", "native-tls", "aws-lc-rs", "aws-lc-sys"] {
        assert!(banned.contains(&name), "deny.toml no longer bans {name}");
    }
    let found: Vec<&str> = packages().map(|it| it.name()).filter(|name| banned.contains(name)).collect();
    assert!(found.is_empty(), "banned: {found:?}; `cargo tree -i {}` says by whom", found[0]);
}

#[test]
fn bans_leave_ring_as_the_only_provider() {
    let rustls: Vec<_> = packages().filter(|it| it.name() == "rustls").collect();
    assert_eq!(rustls.len(), 1);
    let features = rustls[0].features();
    assert!(features.contains("ring"), "{features:?}");
    let others = ["aws_lc_rs", "aws-lc-rs", "fips", "custom-provider"];
    assert!(others.iter().all(|name| !features.contains(name)), "{features:?}");
}
