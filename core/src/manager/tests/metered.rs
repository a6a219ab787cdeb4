//! T20: what a recorder of metrics is told.

use std::collections::BTreeMap;

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};

use super::*;
use crate::telemetry::OpenConnection;

/// Keeps the last value of each metric; counters add up.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<BTreeMap<String, f64>>>);

struct One {
    kept: Kept,
    name: String,
}

impl Kept {
    fn one(&self, key: &Key) -> Arc<One> {
        let labels: Vec<String> =
            key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        Arc::new(One { kept: self.clone(), name: format!("{}{{{}}}", key.name(), labels.join(",")) })
    }

    fn value(&self, name: &str) -> Option<f64> {
        self.0.lock().unwrap().get(name).copied()
    }
}

impl One {
    fn change(&self, change: impl FnOnce(&mut f64)) {
        change(self.kept.0.lock().unwrap().entry(self.name.clone()).or_default());
    }
}

impl CounterFn for One {
    fn increment(&self, value: u64) {
        self.change(|kept| *kept += value as f64);
    }

    fn absolute(&self, value: u64) {
        self.change(|kept| *kept = value as f64);
    }
}

impl GaugeFn for One {
    fn increment(&self, value: f64) {
        self.change(|kept| *kept += value);
    }

    fn decrement(&self, value: f64) {
        self.change(|kept| *kept -= value);
    }

    fn set(&self, value: f64) {
        self.change(|kept| *kept = value);
    }
}

impl HistogramFn for One {
    fn record(&self, value: f64) {
        self.change(|kept| *kept = value);
    }
}

impl Recorder for Kept {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.one(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.one(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.one(key))
    }
}

#[tokio::test]
async fn t20_t17_metrics_have_their_names_and_no_token() {
    let kept = Kept::default();
    let _while_we_test = metrics::set_default_local_recorder(&kept);
    let it = setup(|_| {});
    it.first_token().await;
    it.advance(485).await;
    it.manager.reject(2);
    settle().await;
    it.source.fails.store(true, SeqCst);
    it.advance(600).await;
    it.manager.emit(EventKind::EventReauthenticated, None);
    it.manager.note_fallback(Some(&Error::new(Code::CredentialsFetchFailed, "scripted")));
    crate::telemetry::clock_skew(-90.0);
    let (open, closed) =
        [(), ()].map(|()| OpenConnection::new("cache:6379", Arc::new(it.clock.clone()))).into();
    it.advance(7).await;
    drop(closed);
    let start = crate::clock::manual::START.as_secs_f64();
    for (name, value) in [
        ("keyrotor_token_refresh_total{provider=scripted,target=nowhere,result=success}", 3.0),
        ("keyrotor_token_refresh_duration_seconds{provider=scripted,target=nowhere}", 0.0),
        ("keyrotor_token_expiry_timestamp_seconds{provider=scripted,target=nowhere}", start + 485.0 + 900.0),
        ("keyrotor_token_age_seconds{provider=scripted,target=nowhere}", 480.0),
        ("keyrotor_auth_failures_total{reason=auth-refused}", 1.0),
        ("keyrotor_reauth_total{client=keyrotor,result=success}", 1.0),
        ("keyrotor_fallback_in_use{provider=scripted,target=nowhere}", 1.0),
        ("keyrotor_clock_skew_seconds{}", -90.0),
        ("keyrotor_connections_open{target=cache:6379}", 1.0),
        ("keyrotor_connection_age_seconds{target=cache:6379}", 7.0),
        (concat!("keyrotor_build_info{version=", env!("CARGO_PKG_VERSION"), "}"), 1.0),
    ] {
        assert_eq!(kept.value(name), Some(value), "{name} in {:#?}", kept.0.lock().unwrap());
    }
    drop(open);
    it.manager.close();
    assert_eq!(kept.value("keyrotor_connections_open{target=cache:6379}"), Some(0.0));
    assert_eq!(kept.value("keyrotor_fallback_in_use{provider=scripted,target=nowhere}"), Some(0.0));
    let failures = "keyrotor_token_refresh_total{provider=scripted,target=nowhere,result=failure}";
    assert!(kept.value(failures).unwrap() >= 2.0);
    assert!(kept.0.lock().unwrap().keys().all(|name| !name.contains("token-")));
}
