//! Commands, batches, limits and the end of a client.

use std::time::{Duration, Instant};

use keyrotor::{Batch, Client, Code, Error, Value, cmd};
use serde_json::json;

use crate::support;

#[tokio::test]
async fn c17_a_command_in_flight_at_a_drop_is_not_sent_again() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({})).await;
    client.execute(cmd("SET").arg("counter").arg(0)).await.unwrap();
    let mut disconnected = 0;
    let mut succeeded = 0;
    for round in 0..30 {
        let calls: Vec<_> = (0..50)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { client.execute(cmd("INCR").arg("counter")).await })
            })
            .collect();
        if round % 3 == 0 {
            tokio::task::yield_now().await;
            emulator.faults().kill(None);
        }
        for call in calls {
            match call.await.unwrap() {
                Ok(_) => succeeded += 1,
                Err(error) if error.code() == Code::NetworkDisconnected => disconnected += 1,
                Err(error) => panic!("{error}"),
            }
        }
    }
    let Value::BulkString(counter) = client.execute(cmd("GET").arg("counter")).await.unwrap() else {
        panic!()
    };
    let counter: u64 = String::from_utf8(counter).unwrap().parse().unwrap();
    assert!(counter >= succeeded, "{counter} of {succeeded} acknowledged");
    assert!(
        counter <= succeeded + disconnected,
        "{counter}, {succeeded} acknowledged, {disconnected} in doubt"
    );
}

#[tokio::test]
async fn batches_answer_one_by_one_and_transactions_as_one() {
    let emulator = support::emulator(&[]).await;
    for protocol in ["RESP3", "RESP2"] {
        let client = support::client(&emulator, json!({"protocol": protocol})).await;
        let mut batch = Batch::new();
        batch.add(cmd("SET").arg("a").arg("text").clone()).unwrap();
        batch.add(cmd("INCR").arg("a").clone()).unwrap();
        batch.add(cmd("GET").arg("a").clone()).unwrap();
        let replies = client.execute_batch(&batch).await.unwrap();
        assert_eq!(replies[0].as_ref().unwrap(), &Value::Okay);
        assert_eq!(replies[1].as_ref().unwrap_err().code(), Code::ServerError);
        assert_eq!(replies[2].as_ref().unwrap(), &Value::BulkString(b"text".to_vec()));

        let mut transaction = Batch::atomic();
        transaction.add(cmd("SET").arg("b").arg(1).clone()).unwrap();
        transaction.add(cmd("INCR").arg("b").clone()).unwrap();
        let replies = client.execute_batch(&transaction).await.unwrap();
        assert_eq!(replies[1].as_ref().unwrap(), &Value::Int(2));

        let mut broken = Batch::atomic();
        broken.add(cmd("NOSUCHCOMMAND").clone()).unwrap();
        let error = client.execute_batch(&broken).await.unwrap_err();
        assert!(
            error.server_text().unwrap().contains("unknown command"),
            "the reason, not EXECABORT: {error}"
        );
        client.close();
    }
}

#[tokio::test]
async fn a_limit_of_requests_in_flight_is_kept() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({"inflightRequestsLimit": 5})).await;
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.execute(&cmd("PING")).await })
        })
        .collect();
    let mut limited = 0;
    for call in calls {
        match call.await.unwrap() {
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error.code(), Code::RequestLimit);
                limited += 1;
            }
        }
    }
    assert!(limited > 0);
    client.execute(&cmd("PING")).await.unwrap();
    assert_eq!(client.stats().in_flight, 0);
}

#[tokio::test]
async fn t18_close_ends_the_calls_that_wait() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({"requestTimeout": 5000})).await;
    emulator.faults().stall(Duration::from_secs(5));
    let waiting = {
        let client = client.clone();
        tokio::spawn(async move { client.execute(&cmd("PING")).await })
    };
    tokio::time::sleep(Duration::from_millis(100)).await;
    let start = Instant::now();
    client.close();
    assert_eq!(waiting.await.unwrap().unwrap_err().code(), Code::Closed);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(client.execute(&cmd("PING")).await.unwrap_err().code(), Code::Closed);
}

#[test]
fn a_client_outside_any_runtime_runs_on_keyrotors_own_thread() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let emulator = runtime.block_on(support::emulator(&[]));
    let request = support::request(&emulator, json!({})).to_string();
    assert_eq!(ping_from_this_thread(&request).unwrap(), Value::SimpleString("PONG".into()));
    // Without credentials nothing but the client itself keeps that thread alive.
    let anonymous = support::request(&emulator, json!({"authenticationInfo": null, "protocol": "RESP2"}));
    assert_eq!(ping_from_this_thread(&anonymous.to_string()).unwrap_err().code(), Code::AuthRequired);
}

fn ping_from_this_thread(request: &str) -> Result<Value, Error> {
    let connecting = Client::from_request(request.as_bytes(), keyrotor::Format::Json);
    let client = keyrotor::host::wait_for(connecting)?;
    keyrotor::host::wait_for(client.execute(&cmd("PING")))
}
