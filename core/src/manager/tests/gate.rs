//! One probe an identity and server, however many connections want to log in.

use futures_util::FutureExt;

use super::*;
use crate::manager::gate::{Attempt, LoginGate};

pub(super) const SERVER: &str = "cache.example:6379";

fn unavailable() -> Error {
    Error::new(Code::AuthUnavailable, "ERR service is not available")
}

pub(super) fn refused() -> Error {
    Error::new(Code::AuthRefused, "WRONGPASS")
}

/// A server that takes no login, or every one.
#[derive(Default)]
struct Server {
    logins: AtomicU32,
    at_once: AtomicU32,
    most_at_once: AtomicU32,
    fails: Mutex<Option<Error>>,
}

impl Server {
    fn failing(error: Error) -> Arc<Self> {
        Arc::new(Self { fails: Mutex::new(Some(error)), ..Self::default() })
    }

    fn recover(&self) {
        *self.fails.lock().unwrap() = None;
    }

    fn logins(&self) -> u32 {
        self.logins.load(SeqCst)
    }

    async fn log_in(&self) -> Result<()> {
        self.logins.fetch_add(1, SeqCst);
        self.most_at_once.fetch_max(self.at_once.fetch_add(1, SeqCst) + 1, SeqCst);
        tokio::task::yield_now().await;
        self.at_once.fetch_sub(1, SeqCst);
        self.fails.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

/// What a connection does until it is logged in.
async fn connection(manager: TokenManager, server: Arc<Server>) {
    let gate = manager.login_gate(SERVER).unwrap();
    while let Ok(attempt) = gate.enter().await {
        let Ok(credential) = attempt.credential().await else { continue };
        match server.log_in().await {
            Ok(()) => return attempt.succeeded(&credential),
            Err(error) => attempt.failed(&credential, &error),
        }
    }
}

pub(super) async fn fail(gate: &LoginGate, error: &Error) {
    let attempt = gate.enter().await.unwrap();
    let credential = attempt.credential().await.unwrap();
    attempt.failed(&credential, error);
}

pub(super) async fn succeed(attempt: Attempt<'_>) {
    let credential = attempt.credential().await.unwrap();
    attempt.succeeded(&credential);
}

#[tokio::test]
async fn c12_a_thousand_connections_send_one_probe_while_logins_are_impossible() {
    let it = setup(|_| {});
    let server = Server::failing(unavailable());
    let gate = it.manager.login_gate(SERVER).unwrap();
    fail(&gate, &unavailable()).await;
    let connections: Vec<_> =
        (0..1000).map(|_| tokio::spawn(connection(it.manager.clone(), Arc::clone(&server)))).collect();
    it.advance(10).await;
    // After 250 ms, 500 ms, and then each second.
    assert_eq!((server.logins(), server.most_at_once.load(SeqCst)), (11, 1));
    assert_eq!(gate.trouble().unwrap().code(), Code::AuthUnavailable);
    server.recover();
    it.advance(1).await;
    for connection in connections {
        it.advance(0).await;
        connection.await.unwrap();
    }
    assert_eq!(server.logins(), 11 + 1000, "each is logged in, a second after the server is back");
    assert!(gate.trouble().is_none());
}

#[tokio::test]
async fn c07_after_the_pause_somebody_may_find_out_whether_there_is_trouble_still() {
    let it = setup(|_| {});
    let gate = it.manager.login_gate(SERVER).unwrap();
    fail(&gate, &unavailable()).await;
    assert!(gate.trouble().is_some(), "nobody may try during the pause");
    it.advance(1).await;
    assert!(gate.trouble().is_none());
    let probe = gate.enter_or_fail().await.unwrap();
    assert!(gate.trouble().is_some(), "one is enough");
    succeed(probe).await;
    assert!(gate.trouble().is_none());
}

#[tokio::test]
async fn t09_a_refused_identity_sends_ten_logins_in_thirty_seconds_however_many_connections_it_has() {
    let dice: [Dice; 3] = [|| 0.0, || 1.0, schedule::random];
    for dice in dice {
        let it = setup_thrown(dice, TokenRefreshConfig::default(), |_| {});
        let server = Server::failing(refused());
        fail(&it.manager.login_gate(SERVER).unwrap(), &refused()).await;
        for _ in 0..100 {
            tokio::spawn(connection(it.manager.clone(), Arc::clone(&server)));
        }
        it.clock.advance(Duration::from_millis(29_999)).await;
        let logins = server.logins() + 1;
        assert!((3..=10).contains(&logins), "{logins}");
        let rejected = it.manager.status().counts.unwrap().rejected;
        assert_eq!(u64::from(logins), rejected, "each with another token");
    }
}

#[tokio::test]
async fn c04_a_set_jitter_replaces_full_jitter() {
    let mut config = TokenRefreshConfig::default();
    config.retry.jitter_percentage = Some(0);
    let it = setup_thrown(|| 0.0, config, |_| {});
    let gate = it.manager.login_gate(SERVER).unwrap();
    fail(&gate, &Error::new(Code::AuthThrottled, "ERR Exceeded limit")).await;
    it.clock.advance(Duration::from_millis(999)).await;
    assert_eq!(gate.enter_or_fail().await.err().unwrap().code(), Code::AuthThrottled);
    it.clock.advance(Duration::from_millis(1)).await;
    gate.enter_or_fail().await.unwrap();
}

#[tokio::test]
async fn c04_the_first_of_a_kind_has_the_first_pause_of_its_kind() {
    let it = setup(|_| {});
    let gate = it.manager.login_gate(SERVER).unwrap();
    let throttled = Error::new(Code::AuthThrottled, "ERR Exceeded limit");
    for _ in 0..5 {
        fail(&gate, &unavailable()).await;
        it.advance(1).await;
    }
    fail(&gate, &throttled).await;
    it.advance(1).await;
    let attempt = gate.enter_or_fail().await.unwrap();
    attempt.failed(&it.manager.credential_async().await.unwrap(), &throttled);
    it.advance(1).await;
    assert_eq!(gate.enter_or_fail().await.err().unwrap().code(), Code::AuthThrottled, "the second has 2 s");
    it.advance(1).await;
    succeed(gate.enter_or_fail().await.unwrap()).await;
}

#[tokio::test]
async fn t09_a_server_that_refuses_for_ever_holds_up_no_other() {
    let it = setup(|_| {});
    let (one, other) =
        (it.manager.login_gate("one:6379").unwrap(), it.manager.login_gate("other:6379").unwrap());
    for _ in 0..5 {
        fail(&one, &refused()).await;
        succeed(other.enter_or_fail().await.unwrap()).await;
        it.manager.token().unwrap();
        it.advance(10).await;
    }
    fail(&one, &refused()).await;
    assert_eq!(one.enter_or_fail().await.err().unwrap().code(), Code::AuthRefused);
}

#[tokio::test]
async fn t05_the_gate_is_that_of_the_identity_and_goes_when_its_trouble_is_forgotten() {
    let of = |name: &'static str| setup(|source| source.identity = Some(Identity::of(name)));
    let (it, stranger) = (of("gate"), of("another gate"));
    let sibling = it.another(TokenRefreshConfig::default());
    let gate = it.manager.login_gate(SERVER).unwrap();
    fail(&gate, &unavailable()).await;
    assert!(sibling.login_gate(SERVER).unwrap().trouble().is_some());
    assert!(sibling.login_gate("elsewhere:1").unwrap().trouble().is_none());
    assert!(stranger.manager.login_gate(SERVER).unwrap().trouble().is_none());
    drop(gate);
    assert!(
        sibling.login_gate(SERVER).unwrap().trouble().is_some(),
        "clients come and go, the trouble stays"
    );
    it.advance(121).await;
    assert!(sibling.login_gate(SERVER).unwrap().trouble().is_none());
}

#[tokio::test]
async fn b09_a_probe_that_is_given_up_lets_the_next_one_try() {
    let it = setup(|_| {});
    let gate = it.manager.login_gate(SERVER).unwrap();
    fail(&gate, &unavailable()).await;
    it.advance(1).await;
    let probe = gate.enter().await.unwrap();
    let mut next = Box::pin(gate.enter_or_fail());
    assert!((&mut next).now_or_never().is_none(), "somebody is about to find out");
    drop(Box::pin(gate.enter()));
    drop(probe);
    succeed(next.await.unwrap()).await;
    assert!(gate.trouble().is_none());
}

#[tokio::test]
async fn c04_after_a_probe_twice_as_many_follow_each_time() {
    let it = setup(|_| {});
    let gate = it.manager.login_gate(SERVER).unwrap();
    fail(&gate, &unavailable()).await;
    it.advance(1).await;
    for width in [1, 2, 4, 8] {
        let mut inside = Vec::new();
        while inside.len() < width {
            inside.push(gate.enter_or_fail().await.unwrap());
        }
        let one_more = gate.enter();
        tokio::pin!(one_more);
        assert!((&mut one_more).now_or_never().is_none(), "{width}");
        succeed(inside.pop().unwrap()).await;
    }
}

#[tokio::test]
async fn t09_what_an_earlier_round_says_late_is_no_news() {
    let it = setup(|_| {});
    let gate = it.manager.login_gate(SERVER).unwrap();
    let mut early = Vec::new();
    for _ in 0..10 {
        early.push(gate.enter().await.unwrap());
    }
    let credential = it.manager.credential_async().await.unwrap();
    fail(&gate, &refused()).await;
    for (number, attempt) in early.into_iter().enumerate() {
        if number % 2 == 0 {
            attempt.failed(&credential, &refused());
        } else {
            attempt.succeeded(&credential);
        }
    }
    assert_eq!(it.manager.status().counts.unwrap().rejected, 1);
    let probe = gate.enter_or_fail().await.unwrap();
    assert!(Box::pin(gate.enter()).now_or_never().is_none(), "no success has opened the gate");
    assert_eq!(probe.credential().await.unwrap().generation, 2);
}

#[tokio::test]
async fn t09_a_secret_that_this_server_refused_is_held_back_and_no_other() {
    let it = setup(|source| source.same_secret = AtomicBool::new(true));
    let gate = it.manager.login_gate(SERVER).unwrap();
    fail(&gate, &refused()).await;
    let attempt = gate.enter_or_fail().await.unwrap();
    assert_eq!(attempt.credential().await.unwrap_err().code(), Code::AuthRefused);
    drop(attempt);
    assert_eq!(gate.enter_or_fail().await.err().unwrap().code(), Code::AuthRefused);
    let elsewhere = it.manager.login_gate("elsewhere:6379").unwrap();
    succeed(elsewhere.enter_or_fail().await.unwrap()).await;
    it.advance(1).await;
    succeed(gate.enter_or_fail().await.unwrap()).await;
}

#[tokio::test]
async fn c07_logins_are_in_trouble_only_once_the_next_token_was_tried_too() {
    let it = setup(|_| {});
    let gate = it.manager.login_gate(SERVER).unwrap();
    fail(&gate, &refused()).await;
    let mut told = Box::pin(gate.troubled());
    assert!(gate.trouble().is_none() && (&mut told).now_or_never().is_none(), "it goes out at once");
    assert!(gate.has_refused(), "no password may take the token's place");
    fail(&gate, &refused()).await;
    assert_eq!(gate.trouble().unwrap().code(), Code::AuthRefused);
    assert_eq!(told.now_or_never().unwrap().code(), Code::AuthRefused, "whoever waits is told");
    it.advance(1).await;
    succeed(gate.enter_or_fail().await.unwrap()).await;
    assert!(gate.trouble().is_none() && !gate.has_refused());
}

#[tokio::test]
async fn c12_a_password_that_was_refused_is_trouble_at_once() {
    let it = setup(|source| source.same_secret = AtomicBool::new(true));
    let gate = it.manager.login_gate(SERVER).unwrap();
    fail(&gate, &refused()).await;
    gate.enter_or_fail().await.unwrap().credential().await.unwrap_err();
    assert_eq!(gate.trouble().unwrap().code(), Code::AuthRefused);
}

#[tokio::test]
async fn t09_what_was_rejected_without_a_gate_holds_everybody_up_for_as_long_as_that() {
    let it = setup(|_| {});
    let gate = it.manager.login_gate(SERVER).unwrap();
    for _ in 0..2 {
        let credential = it.manager.credential_async().await.unwrap();
        it.manager.reject(credential.generation);
    }
    let attempt = gate.enter_or_fail().await.unwrap();
    assert_eq!(attempt.credential().await.unwrap_err().code(), Code::AuthRefused);
    drop(attempt);
    assert_eq!(gate.enter_or_fail().await.err().unwrap().code(), Code::AuthRefused, "nobody asks in a rush");
    it.advance(1).await;
    succeed(gate.enter_or_fail().await.unwrap()).await;
}

#[tokio::test]
async fn c14_a_node_that_does_not_answer_holds_up_no_other() {
    let it = setup(|_| {});
    let gate = it.manager.login_gate(SERVER).unwrap();
    fail(&gate, &Error::new(Code::AuthTimeout, "scripted")).await;
    assert!(gate.trouble().is_none());
    gate.enter_or_fail().await.unwrap();
}

#[tokio::test]
async fn t18_close_ends_the_waiting_at_a_gate() {
    let it = setup(|_| {});
    let gate = it.manager.login_gate(SERVER).unwrap();
    fail(&gate, &unavailable()).await;
    let mut waiting = Box::pin(gate.enter());
    assert!((&mut waiting).now_or_never().is_none());
    it.manager.close();
    assert_eq!(waiting.await.err().unwrap().code(), Code::Closed);
    assert_eq!(it.manager.login_gate(SERVER).err().unwrap().code(), Code::Closed);
}

#[tokio::test]
async fn c03_a_login_on_a_live_connection_has_a_newer_token() {
    let it = setup(|_| {});
    let gate = it.manager.login_gate(SERVER).unwrap();
    let attempt = gate.enter().await.unwrap();
    let first = attempt.credential().await.unwrap();
    assert_eq!(attempt.credential_after(first.generation).await.unwrap().generation, 2);
    assert_eq!(attempt.credential_after(first.generation).await.unwrap().generation, 2);
    it.source.same_secret.store(true, SeqCst);
    let third = attempt.credential_after(2).await.unwrap();
    let error = attempt.credential_after(third.generation).await.unwrap_err();
    assert_eq!(error.code(), Code::CredentialsThrottled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t04_nobody_who_waits_at_a_gate_is_forgotten() {
    let it = setup_thrown(schedule::random, TokenRefreshConfig::default(), |_| {});
    let logins = Arc::new(AtomicU32::new(0));
    let connection = |manager: TokenManager, logins: Arc<AtomicU32>| async move {
        let gate = manager.login_gate(SERVER).unwrap();
        loop {
            let attempt = gate.enter().await.unwrap();
            let credential = attempt.credential().await.unwrap();
            tokio::task::yield_now().await;
            match logins.fetch_add(1, SeqCst) % 5 {
                0 | 1 => return attempt.succeeded(&credential),
                2 => attempt.failed(&credential, &unavailable()),
                3 => attempt.failed(&credential, &Error::new(Code::NetworkDisconnected, "scripted")),
                _ => drop(attempt),
            }
        }
    };
    let mut connections: Vec<_> =
        (0..200).map(|_| tokio::spawn(connection(it.manager.clone(), Arc::clone(&logins)))).collect();
    let all_in = async {
        while !connections.is_empty() {
            it.advance(1).await;
            connections.retain(|connection| !connection.is_finished());
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(60), all_in).await;
    assert!(in_time.is_ok(), "{} wait still, after {} logins", connections.len(), logins.load(SeqCst));
}
