//! Keeping the view true: the nodes are asked when somebody doubts it, and now and then.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use rand::seq::SliceRandom;

use super::super::connection::{Connection, Role};
use super::super::establish::Patience;
use super::super::node::Node;
use super::super::pace;
use super::super::runner::Runner;
use super::super::sendable::Sendable;
use super::super::wire::Deadline;
use super::slots::{Shard, SlotMap};
use super::survey::{self, Survey};
use super::{Cluster, View};
use crate::clock::BoxFuture;
use crate::config::{Address, Layout};
use crate::error::{Error, Result};

/// How many nodes are asked each time.
const ASKED: usize = 3;
/// How long the others may take once the first has answered.
pub(super) const GRACE: Duration = Duration::from_millis(100);
/// After so long without a doubt, the next one is the first.
const QUIET: Duration = Duration::from_secs(2);
/// Pauses between surveys while the view is doubted again and again: doubling, up to the second of the two.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(500));

impl Cluster {
    /// Asks the request's addresses.
    pub(super) async fn find(self: &Arc<Self>, runner: &Arc<dyn Runner>) -> Result<()> {
        match self.settings.layout {
            Layout::Slots => self.find_slots(runner).await,
            Layout::Replicas => self.find_primary(runner).await,
        }
    }

    /// Asks the addresses in turn, and keeps the connection that answered where it is one of a node.
    async fn find_slots(self: &Arc<Self>, runner: &Arc<dyn Runner>) -> Result<()> {
        let mut failure = None;
        for address in &self.session.settings.addresses {
            match self.ask_anew(address, runner).await {
                Ok((survey, connection)) => {
                    let is_member = survey.addresses().any(|member| member == address);
                    if is_member {
                        self.nodes.adopt(address, connection, runner);
                    }
                    self.believe(&survey, runner);
                    return Ok(());
                }
                Err(error) if error.is_about_login() => return Err(error),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| Error::internal("a client without addresses")))
    }

    /// Sees to the view from now on, unless somebody does.
    pub(super) fn keep(self: &Arc<Self>, runner: &Arc<dyn Runner>) {
        let mut keeper = self.keeper();
        if keeper.is_none() && !self.view.borrow().is_closed {
            *keeper = Some(runner.spawn(Box::pin(keep(Arc::clone(self), Arc::clone(runner)))));
        }
    }

    /// Ends when somebody doubts the view, or when its time has come. Returns how long that took.
    async fn quiet(&self, runner: &dyn Runner) -> Duration {
        let began = runner.now();
        let interval = self.settings.check_every;
        tokio::select! {
            () = self.doubted.notified() => {}
            () = self.newcomer() => {}
            () = runner.sleep(interval.unwrap_or_default()), if interval.is_some() => {}
        }
        runner.now().saturating_sub(began)
    }

    async fn look(self: &Arc<Self>, runner: &Arc<dyn Runner>) -> Result<()> {
        if !self.settings.asks_initial_nodes {
            let surveys = self.ask_some(runner).await;
            if let Some(survey) = survey::best(surveys) {
                self.believe(&survey, runner);
                return Ok(());
            }
        }
        self.find(runner).await
    }

    /// The surveys of a few nodes that are connected. One that is slow is not waited for.
    async fn ask_some(&self, runner: &Arc<dyn Runner>) -> Vec<Survey> {
        let mut nodes = self.nodes.connected();
        nodes.shuffle(&mut rand::rng());
        nodes.truncate(ASKED);
        let mut answers: FuturesUnordered<_> =
            nodes.into_iter().map(|(address, node)| self.ask(address, node, runner)).collect();
        let mut surveys = Vec::new();
        let mut grace = None;
        loop {
            match next(&mut answers, &mut grace).await {
                None => return surveys,
                Some(Ok(survey)) => {
                    surveys.push(survey);
                    grace.get_or_insert_with(|| runner.sleep(GRACE));
                }
                Some(Err(error)) => tracing::debug!("a node said nothing of the cluster: {error}"),
            }
        }
    }

    async fn ask(&self, address: Address, node: Arc<Node>, runner: &Arc<dyn Runner>) -> Result<Survey> {
        let deadline = self.session.deadline(&**runner);
        let connection = node.link().connected().ok_or_else(|| Error::closed("connection"))?;
        let answers = node.send_over(&connection, &survey::questions(), deadline, runner).await?;
        self.read(answers, &address)
    }

    /// Asks over a connection that is made for it.
    async fn ask_anew(
        &self,
        address: &Address,
        runner: &Arc<dyn Runner>,
    ) -> Result<(Survey, Arc<Connection>)> {
        let connection = self
            .session
            .establish(&self.nodes.target(address), Role::Shared, Patience::Fails, runner)
            .await?;
        let within = self.session.settings.connection_timeout;
        let deadline = Deadline { within, at: runner.now() + within };
        let answers = survey::questions().send_on(&connection, Some(deadline)).await?;
        Ok((self.read(answers, address)?, connection))
    }

    fn read(&self, answers: Vec<Result<redis::Value>>, asked: &Address) -> Result<Survey> {
        let survey = survey::read(answers, asked)?;
        Ok(survey.with_addresses(|address| self.settings.reachable(address)))
    }

    /// Makes it the view, connects to whom it will need, and closes who is gone.
    fn believe(&self, survey: &Survey, runner: &Arc<dyn Runner>) {
        let mut map = SlotMap::new();
        for (primary, holding) in &survey.shards {
            let replicas = holding.replicas.iter().map(|address| self.nodes.at(address)).collect();
            map.add(Shard { primary: self.nodes.at(primary), replicas }, &holding.slots);
        }
        let before = self.view.borrow().map.clone();
        let map = Arc::new(match before {
            Some(before) => map.or_as_in(&before),
            None => map,
        });
        if !self.session.settings.is_lazy {
            map.primaries().for_each(|node| node.start(runner));
            let replicas = map.nodes().skip(map.primaries().len());
            replicas.filter(|_| self.settings.prefers_replicas).for_each(|node| node.start(runner));
        }
        let members: BTreeSet<_> = map.nodes().filter_map(|node| node.target().addresses.first()).collect();
        self.view.send_modify(|view| *view = View { map: Some(Arc::clone(&map)), trouble: None, ..*view });
        self.nodes.retain(&members);
    }
}

/// The next answer, but for those that come after the grace that the first ones left to them.
pub(super) async fn next<F: Future>(
    answers: &mut FuturesUnordered<F>,
    grace: &mut Option<BoxFuture<'static, ()>>,
) -> Option<F::Output> {
    match grace {
        None => answers.next().await,
        Some(over) => tokio::select! {
            answer = answers.next() => answer,
            () = over => None,
        },
    }
}

async fn keep(cluster: Arc<Cluster>, runner: Arc<dyn Runner>) {
    let mut attempt = 0;
    if cluster.view.borrow().map.is_some() {
        // Found just now; the connections to its nodes are under way.
        runner.sleep(doubling(1)).await;
    }
    loop {
        let is_known = cluster.view.borrow().map.is_some();
        if is_known && cluster.quiet(&*runner).await >= QUIET {
            attempt = 0;
        }
        attempt += 1;
        let mut pause = doubling(attempt);
        if let Err(error) = cluster.look(&runner).await {
            tracing::warn!(attempt, "nobody says who has which slot: {error}");
            pause = pause.max(pace::pause(&error, attempt, &cluster.session.settings.retry, rand::random()));
            cluster.view.send_modify(|view| view.trouble = Some(error));
        }
        runner.sleep(pause).await;
    }
}

fn doubling(attempt: u32) -> Duration {
    let (first, longest) = PAUSES;
    first.saturating_mul(1 << (attempt - 1).min(8)).min(longest)
}
