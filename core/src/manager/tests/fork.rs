//! B03: what a forked child does with what it inherits. Only a language with `fork` can really try; here a manager is
//! told that its process is gone.

use super::*;

#[tokio::test]
async fn b03_a_child_goes_on_with_a_feed_of_its_own_and_touches_no_inherited_lock() {
    let it = setup(|source| source.inline = true);
    let first = it.manager.credential().unwrap();
    let inherited = it.manager.handle.pretend_to_be_forked();
    // As where a thread of the parent's held it when the process was forked.
    let _held_for_ever = inherited.feed.look();
    assert_eq!(it.manager.token().unwrap(), first.secret, "the token is as good in the child");
    assert_eq!(it.manager.status().generation, 1);
    it.manager.reject(first.generation);
    assert_eq!(it.manager.credential().unwrap().generation, 2, "generations go on");
    assert_eq!(inherited.feed.generation(), 1, "the parent's feed is untouched");
    it.manager.close();
}

#[tokio::test]
#[allow(
    clippy::await_holding_lock,
    reason = "a lock that nobody will ever let go of is what a child inherits"
)]
async fn b03_t19_a_subscriber_in_a_child_is_told_of_the_token_it_inherits_and_of_newer_ones() {
    let it = setup(|_| {});
    let first = it.first_token().await;
    let inherited = it.manager.handle.pretend_to_be_forked();
    let _held_for_ever = inherited.feed.look();
    let mut subscription = it.manager.subscribe().unwrap();
    assert_eq!(subscription.next().await.unwrap().secret.expose(), first);
    assert!(it.manager.status().next_refresh_at.is_some(), "it is renewed here, too");
    let second = it.manager.refresh().await.unwrap();
    assert_eq!(subscription.next().await.unwrap().secret, second.secret);
}

#[tokio::test]
async fn b03_t18_a_child_can_close_what_it_inherits() {
    let it = setup(|_| {});
    it.first_token().await;
    let inherited = it.manager.handle.pretend_to_be_forked();
    let _held_for_ever = inherited.feed.look();
    it.manager.close();
    it.manager.close();
    assert_eq!(it.manager.token().unwrap_err().code(), Code::Closed);
    assert_eq!((it.state(), it.manager.status().source.as_str()), (State::Closed, "scripted"));
}
