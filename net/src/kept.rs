use std::{future::Future, sync::Arc};

use adt_model::Fault;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

/// What was lent for a while is replaced this long before it ends, so that a long request does not outlive it.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);
/// Who lends for less than the margin, or does not answer just now, is not asked at every request.
const PAUSE: SignedDuration = SignedDuration::from_secs(30);

/// What may end.
pub(crate) trait Ends {
    fn ends(&self) -> Option<Timestamp>;
}

/// Keys or a token, shared by all requests to a server and kept until they age.
pub(crate) struct Kept<T>(Mutex<Held<T>>);

struct Held<T> {
    current: Option<Arc<T>>,
    looked: Option<Timestamp>,
}

impl<T: Ends> Kept<T> {
    /// Nothing is held yet.
    pub(crate) fn empty() -> Self {
        Self(Mutex::new(Held { current: None, looked: None }))
    }

    /// What is held, if it is good for a while, else what `find` finds. Only one request at a time looks for it; the
    /// others wait for what it finds.
    pub(crate) async fn get<F>(&self, now: Timestamp, find: impl FnOnce() -> F) -> Result<Arc<T>, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let mut held = self.0.lock().await;
        let lasts = |it: &T, until: Timestamp| it.ends().is_none_or(|end| end > until);
        let just_looked = held.looked.is_some_and(|looked| now < looked + PAUSE);
        let until = if just_looked { now } else { now + MARGIN };
        if let Some(it) = held.current.as_ref().filter(|it| lasts(it, until)) {
            return Ok(Arc::clone(it));
        }
        held.looked = Some(now);
        match find().await {
            Ok(it) => Ok(Arc::clone(held.current.insert(Arc::new(it)))),
            // What is old and still holds is better than nothing.
            Err(fault) => match held.current.as_ref().filter(|it| lasts(it, now)) {
                Some(it) => Ok(Arc::clone(it)),
                None => Err(fault),
            },
        }
    }

    /// What is held, however old.
    pub(crate) async fn current(&self) -> Option<Arc<T>> {
        self.0.lock().await.current.clone()
    }

    /// Drops what the server refused, unless something else has already taken its place.
    pub(crate) async fn forget(&self, refused: &Arc<T>) {
        let mut held = self.0.lock().await;
        if held.current.as_ref().is_some_and(|it| Arc::ptr_eq(it, refused)) {
            held.current = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adt_model::Class;

    #[derive(Debug)]
    struct Lent(Option<Timestamp>);

    impl Ends for Lent {
        fn ends(&self) -> Option<Timestamp> {
            self.0
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    async fn get(kept: &Kept<Lent>, now: i64, found: Option<i64>) -> Result<i64, Fault> {
        let find = || async move {
            found.map(|end| Lent(Some(at(end)))).ok_or_else(|| Fault::new(Class::Transient, "nobody answers"))
        };
        kept.get(at(now), find).await.map(|it| it.0.unwrap().as_second())
    }

    #[tokio::test]
    async fn what_ages_is_replaced_and_what_still_holds_is_better_than_nothing() {
        let kept = Kept::empty();
        assert!(get(&kept, 0, None).await.is_err());
        for (now, found, held) in [
            (0, Some(1000), 1000),
            (699, Some(9999), 1000),
            // It ages and nobody answers; the next time somebody does.
            (800, None, 1000),
            (829, Some(2000), 1000),
            (830, Some(2000), 2000),
            // Who lends for less than the margin is asked now and then.
            (1900, Some(2100), 2100),
            (1929, Some(2200), 2100),
            (1930, Some(2200), 2200),
        ] {
            assert_eq!(get(&kept, now, found).await.unwrap(), held, "at {now}");
        }
        assert!(get(&kept, 2200, None).await.is_err(), "what has ended is never handed out");
    }

    #[tokio::test]
    async fn only_what_was_refused_is_dropped() {
        let kept = Kept::empty();
        let find = || async { Ok(Lent(None)) };
        let first = kept.get(at(0), find).await.unwrap();
        kept.forget(&first).await;
        let second = kept.get(at(0), find).await.unwrap();
        kept.forget(&first).await;
        assert!(!Arc::ptr_eq(&first, &second));
        assert!(Arc::ptr_eq(&second, &kept.get(at(0), find).await.unwrap()));
    }
}
