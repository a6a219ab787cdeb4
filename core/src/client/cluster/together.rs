//! Waiting for many nodes at once.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use futures_util::future::{MaybeDone, maybe_done};

/// The outcomes of all, in order. Each one that is under way is polled every time: where a caller's thread reads the
/// connections that it waits for, a future that was left out would look as if nobody waited for it any more.
pub(super) async fn together<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<Pin<Box<MaybeDone<F>>>> =
        futures.into_iter().map(|future| Box::pin(maybe_done(future))).collect();
    poll_fn(|context| {
        let left = running.iter_mut().filter_map(|one| one.as_mut().poll(context).is_pending().then_some(()));
        if left.count() == 0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    running.iter_mut().filter_map(|one| one.as_mut().take_output()).collect()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn whoever_is_not_done_is_polled_each_time() {
        let (polls, is_over) = ([const { Cell::new(0) }; 40], Cell::new(false));
        let futures = (0..40).map(|number| {
            let (polls, is_over) = (&polls, &is_over);
            poll_fn(move |_| {
                polls[number].set(polls[number].get() + 1);
                if number == 0 || is_over.get() { Poll::Ready(number) } else { Poll::Pending }
            })
        });
        let mut all = Box::pin(together(futures));
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..2 {
            assert!(all.as_mut().poll(&mut context).is_pending());
        }
        is_over.set(true);
        let Poll::Ready(outcomes) = all.as_mut().poll(&mut context) else { panic!() };
        assert_eq!(outcomes, (0..40).collect::<Vec<_>>());
        assert_eq!((polls[0].get(), polls[39].get()), (1, 3));
    }
}
