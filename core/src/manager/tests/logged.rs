//! T20, T17: what the log is told.

use super::alone::is_alone;
use super::*;

#[tokio::test]
async fn t20_t17_the_log_says_what_happened_to_which_token_and_never_the_token() {
    let this = "t20_t17_the_log_says_what_happened_to_which_token_and_never_the_token";
    if !is_alone(&format!("manager::tests::logged::{this}")) {
        return;
    }
    let text = Arc::new(Mutex::new(Vec::new()));
    let written = Arc::clone(&text);
    let log = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::CLOSE)
        .with_writer(move || Written(Arc::clone(&written)));
    let _while_we_test = tracing::subscriber::set_default(log.finish());
    let it = setup(|_| {});
    it.first_token().await;
    it.source.fails.store(true, SeqCst);
    it.advance(485).await;
    let log = String::from_utf8(text.lock().unwrap().clone()).unwrap();
    for line in [
        r#"INFO keyrotor::manager::news: IAM token refreshed successfully source="scripted" generation=1 expires_at="2025-06-15T12:49:56Z""#,
        r#"WARN keyrotor::manager::news: Failed to refresh IAM token: scripted failure 4 source="scripted" generation=1 expires_at="2025-06-15T12:49:56Z" failures=3 retry_in_seconds=0.8"#,
        r#"token_refresh{source="scripted" target="nowhere"}: keyrotor::manager::round: close"#,
    ] {
        assert!(log.contains(line), "{line} is not in\n{log}");
    }
    assert!(!log.contains("token-1"), "{log}");
}

struct Written(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
