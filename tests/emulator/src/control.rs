//! The control API: faults and the record over HTTP, for tests in any language.
//!
//! It listens on a loopback address if [`Config::control`](crate::Config::control) is set, takes and gives JSON,
//! and asks for no login: whoever may connect to it may break things. Requests from browsers are refused.
//!
//! ```sh
//! curl $C/health                                                   # {"status":"ok"}
//! curl $C/record                                                   # see Record
//! curl $C/record.jsonl                                             # the same as events, one a line
//! curl "$C/record.jsonl?since=17&connection=3"                     # those after number 17, of connection 3
//! curl -d '{"count": 2}' $C/faults/refuse                          # WRONGPASS for the next two logins
//! curl -d '{"count": null, "current": true}' $C/faults/refuse      # … for the token accepted last, until cleared
//! curl -d '{"token_sha256": "9e3616…"}' $C/faults/refuse           # … for this token, until cleared
//! curl -d '{"connection": 3}' $C/faults/kill                       # closes connection 3
//! curl -X POST $C/faults/kill                                      # closes all
//! curl -d '{"connection": 3}' $C/faults/forget                     # NOAUTH until its next AUTH
//! curl -d '{"milliseconds": 500}' $C/faults/stall                  # replies are held back
//! curl -d '{"milliseconds": 500}' $C/faults/unavailable            # first logins: ERR service is not available
//! curl -d '{"milliseconds": null}' $C/faults/throttle              # re-AUTH: ERR Exceeded limit of IAM …
//! curl -X POST $C/faults/iam-outage                                # re-AUTH: ERR IAM Authentication service …
//! curl -d '{"open": false}' $C/faults/listen                       # new TCP connections are closed at once
//! curl -d '{"after_bytes": 10, "count": 2}' $C/faults/cut          # two replies break off after ten bytes
//! curl -d '{"kind": "expired"}' $C/faults/certificate              # for new handshakes; also other-name, good
//! curl -d '{"seconds": -600}' $C/faults/clock                      # the judging clock is ten minutes late
//! curl -d '{"node": 0, "up": false}' $C/faults/node                # kill -9; connections are refused until up
//! curl -X POST $C/faults/restart-backend                           # kill -9, and up again, empty
//! curl -X POST $C/faults/clear                                     # ends all faults; what is down stays down
//! curl -d '{"policies": []}' $C/policies                           # later logins are not authorized
//! curl -d '{"policies": null}' $C/policies                         # everything is allowed again
//! curl -d '{"user": "app"}' $C/users/remove                        # takes it out of the group, which cuts it
//! curl -d '{"user": "app"}' $C/users/add                           # puts it back
//! ```
//!
//! An event is `connected`, `login` or `closed`, and has a `sequence` number, by which the next call goes on. The newest
//! 20,000 are kept.
//! Other fronts have faults of their own: those of the credential endpoints are on [their page](crate::credentials).
//! Those of Entra are on [its own](crate::entra), those of `rds` and `dsql` on [theirs](crate::rds).
//!
//! Each fault but `clock` and `clear` takes `"node": 2` as well, and is then that node's alone. With
//! [shards](crate::Config::shards):
//!
//! ```sh
//! curl $C/cluster                                                  # {"nodes": […]}, see Node
//! curl -d '{"shard": 0}' $C/faults/failover                        # a replica takes over: {"ok":true,"primary":3}
//! curl -d '{"slots": 100, "from": 0, "to": 1}' $C/cluster/reshard  # {"ok":true,"keys":12}
//! ```
//!
//! `reshard` moves the lowest slots of the shard `from`; `batch` says how many keys at a time (100), `milliseconds` how
//! long to wait after each batch (0), while clients see ASK. Both calls answer when all is done.
//!
//! A body may be left out where all its fields may. `count` and `milliseconds` are `null` or absent for "until
//! cleared", of `cut` for one; `stall` needs its time. The answer is `{"ok": true}`, for `kill`, `forget` and `users`
//! with the number of `connections`. `policies` is a list as in the [configuration](crate::Config::policies); it and
//! the users outlast `clear`. Errors are `{"error": "…"}`: 404 for an unknown path, 405 for a wrong method, 400 for a body
//! with the field that is wrong, 409 for a fault that makes no sense as things are.

mod body;
mod cache;
mod cluster;
mod lines;
mod panel;
mod routes;

pub(crate) use body::Body;
pub(crate) use cache::CachePanel;
pub(crate) use panel::{Acting, Outcome, Panel, bad, conflict};
pub(crate) use routes::{Panels, set};

use crate::http;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Serves until `stop` says so; dropped earlier, it drops all connections.
pub(crate) async fn run(panels: Panels, listener: TcpListener, stop: watch::Receiver<bool>) {
    let answer = move |call| {
        let panels = Arc::clone(&panels);
        async move { Ok(routes::answer(&panels, &call).await) }
    };
    http::serve(listener, None, stop, answer).await;
}
