// What a program of the guide finds around it: the emulator's tenant and its Redis.
include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/replay.rs"));

mod guide {
    use std::collections::BTreeMap;
    use std::path::Path;

    use keyrotor_emulator::entra::{Application, ManagedIdentity};
    use keyrotor_emulator::{Cloud, CloudConfig, Config, EntraConfig, Service};

    use super::replay;

    const OBJECT: &str = "00000000-aaaa-bbbb-cccc-000000000001";
    const KEY: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/rsa-key-for-tests.pem"));

    /// Whether the program ran, as a process of its own, and did what it should: then there is nothing left to do.
    #[must_use]
    pub fn has_run() -> bool {
        replay::has_run(play)
    }

    /// The program got a provider: it gives tokens of one of the tenant's identities, which the Redis takes.
    #[allow(dead_code, reason = "not each program ends with it")]
    pub fn gives_tokens(provider: &keyrotor::entra::EntraIdCredentialsProvider) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let credential = runtime.block_on(provider.manager().unwrap().credential_async()).unwrap();
        let address = std::env::var("REDIS_URL").unwrap();
        let client = redis::Client::open(address).unwrap();
        let mut connection = runtime.block_on(client.get_multiplexed_async_connection()).unwrap();
        let mut login = redis::cmd("AUTH");
        login.arg(&*credential.user).arg(credential.secret.expose());
        runtime.block_on(login.exec_async(&mut connection)).unwrap();
    }

    async fn play() {
        let certificate = certificate();
        let users = [OBJECT, "object-of-the-machine", "object-of-the-assigned"];
        let cache =
            Config { service: Service::Azure, users: users.map(Into::into).to_vec(), ..Config::default() };
        let config =
            CloudConfig { entra: Some(tenant(&certificate)), cache: Some(cache), ..CloudConfig::default() };
        let cloud = Cloud::start(config).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let files = folder.path().join("path/to");
        std::fs::create_dir_all(&files).unwrap();
        std::fs::write(files.join("certificate.pem"), certificate).unwrap();
        std::fs::write(files.join("key.pem"), KEY).unwrap();
        let status = run(&cloud, folder.path()).await;
        assert!(status.success(), "the program failed: {status}");
        let totals = cloud.cache().unwrap().record().totals;
        assert!(totals.logins_accepted > 0 && totals.logins_refused == 0, "{totals:?}");
        cloud.stop().await;
    }

    async fn run(cloud: &Cloud, folder: &Path) -> std::process::ExitStatus {
        let port = cloud.cache().unwrap().address().port();
        let environments: BTreeMap<_, _> = cloud.entra().unwrap().environments();
        replay::run(folder, "AZURE_", |program| {
            program.env("REDIS_URL", format!("rediss://localhost:{port}"));
            for kind in ["service-principal", "app-service", "trust"] {
                program.envs(&environments[kind]);
            }
        })
        .await
    }

    fn certificate() -> String {
        let key = rcgen::KeyPair::from_pem(KEY).unwrap();
        rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap().pem()
    }

    fn tenant(certificate: &str) -> EntraConfig {
        let application = Application {
            client_id: "your-client-id".into(),
            object_id: OBJECT.into(),
            secrets: vec!["your-client-secret".into()],
            certificates: vec![certificate.into()],
            ..Application::default()
        };
        let identity = |client: &str, object: &str, system_assigned| ManagedIdentity {
            client_id: client.into(),
            object_id: object.into(),
            system_assigned,
            ..ManagedIdentity::default()
        };
        EntraConfig {
            tenant: "your-tenant-id".into(),
            applications: vec![application],
            managed_identities: vec![
                identity("the-machine", "object-of-the-machine", true),
                identity("your-user-assigned-client-id", "object-of-the-assigned", false),
            ],
            ..EntraConfig::default()
        }
    }
}
