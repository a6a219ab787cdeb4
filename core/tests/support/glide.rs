// What a program of the guide finds around it: a cluster that lets one user in, and the keys to sign for it.
include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/replay.rs"));

mod guide {
    use keyrotor_emulator::{AccessKey, Config, Emulator};

    use super::replay;

    const KEY: (&str, &str) = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");

    /// Whether the program ran, as a process of its own, and did what it should: then there is nothing left to do.
    #[must_use]
    pub fn has_run() -> bool {
        replay::has_run(play)
    }

    /// Whether the cluster takes this token.
    #[allow(dead_code, reason = "not each program has one")]
    pub async fn is_taken(token: &keyrotor::Secret) -> bool {
        let [host, port] = ["CACHE_HOST", "CACHE_PORT"].map(|name| std::env::var(name).unwrap());
        let client = redis::Client::open(format!("rediss://{host}:{port}")).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        redis::cmd("AUTH").arg("my-iam-user").arg(token.expose()).exec_async(&mut connection).await.is_ok()
    }

    async fn play() {
        let cluster = Emulator::start(Config {
            users: vec!["my-iam-user".into()],
            cluster: "my-elasticache-cluster".into(),
            region: "us-west-2".into(),
            keys: vec![AccessKey { id: KEY.0.into(), secret: KEY.1.into(), ..AccessKey::default() }],
            shards: 3,
            ..Config::default()
        })
        .await
        .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let status = replay::run(folder.path(), "AWS_", |program| {
            program
                .env("CACHE_HOST", cluster.server_name())
                .env("CACHE_PORT", cluster.address().port().to_string())
                .env("AWS_ACCESS_KEY_ID", KEY.0)
                .env("AWS_SECRET_ACCESS_KEY", KEY.1)
                .env("AWS_EC2_METADATA_DISABLED", "true")
                .env("SSL_CERT_FILE", cluster.ca_path());
        })
        .await;
        assert!(status.success(), "the program failed: {status}");
        let totals = cluster.record().totals;
        assert!(totals.logins_accepted > 0 && totals.logins_refused == 0, "{totals:?}");
        cluster.stop().await;
    }
}
