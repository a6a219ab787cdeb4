//! The committed Rust code is what the `.proto` files say. `UPDATE=1 cargo test -p keyrotor-proto --test
//! generated` writes it anew.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use prost::Message;

const FILES: [&str; 4] = ["credentials", "manager", "error", "connection"];

/// Messages whose derived `Debug` would print a secret; `src/redact.rs` writes theirs.
const REDACTED: [&str; 9] = [
    ".keyrotor.v1.ServerCredentials",
    ".keyrotor.v1.AccessKey",
    ".keyrotor.v1.EntraCredentials",
    ".keyrotor.v1.EntraCredentials.method",
    ".keyrotor.v1.ClientCertificate",
    ".keyrotor.v1.ConnectionRequest",
    ".keyrotor.v1.TokenManagerRequest",
    ".keyrotor.v1.AuthenticationInfo",
    ".keyrotor.v1.AuthenticationInfo.credentials",
];

fn generate(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files: Vec<PathBuf> =
        FILES.iter().map(|name| root.join(format!("keyrotor/v1/{name}.proto"))).collect();
    let mut compiler = protox::Compiler::new([root]).unwrap();
    compiler.include_imports(true).include_source_info(true).open_files(&files).unwrap();
    let documented = compiler.file_descriptor_set();
    let descriptors = protox::compile(&files, [root]).unwrap();

    prost_build::Config::new()
        .out_dir(out)
        .compile_well_known_types()
        .extern_path(".google.protobuf", "::pbjson_types")
        .skip_debug(REDACTED)
        .btree_map(["."])
        .compile_fds(documented)
        .unwrap();
    pbjson_build::Builder::new()
        .out_dir(out)
        .btree_map(["."])
        .register_descriptors(&descriptors.encode_to_vec())
        .unwrap()
        .build(&[".keyrotor.v1"])
        .unwrap();

    let mut generated: BTreeMap<String, Vec<u8>> = ["keyrotor.v1.rs", "keyrotor.v1.serde.rs"]
        .map(|name| (name.to_owned(), std::fs::read(out.join(name)).unwrap()))
        .into();
    generated.insert("keyrotor.v1.bin".to_owned(), descriptors.encode_to_vec());
    generated
}

#[test]
fn committed_code_is_current() {
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("generated");
    std::fs::create_dir_all(&out).unwrap();
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gen");
    for (name, bytes) in generate(&out) {
        let path = committed.join(&name);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &bytes).unwrap();
        }
        assert!(
            std::fs::read(&path).unwrap_or_default() == bytes,
            "{name} differs from the .proto files: run UPDATE=1 cargo test -p keyrotor-proto --test generated"
        );
    }
}
