use std::fmt;

use super::{Asked, Op, Page, Reply};

/// Which of the requests that fit get the wrong answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Every one.
    Always,
    /// The n-th alone, from 1.
    Only(u64),
    /// The n-th and all after it, from 1.
    From(u64),
}

/// What becomes of a request.
#[derive(Clone, Copy)]
pub enum Answer {
    /// It is handled and answered as it should be: the lie is in what [`Lie::hears`] makes of the request.
    Honest,
    /// It is not handled; this is the answer.
    Instead(fn(&Asked) -> Reply),
    /// It is handled, and the answer is changed. The request is the one the client sent, before [`Lie::hears`] changed it.
    Edit(fn(&mut Reply, &Asked)),
    /// A page of a listing is changed before it is written. The number says which of the pages changed so far it is, from 1.
    Page(fn(&mut Page, u64)),
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Honest => "Honest",
            Self::Instead(_) => "Instead",
            Self::Edit(_) => "Edit",
            Self::Page(_) => "Page",
        })
    }
}

/// A wrong answer: to which requests, and what is wrong.
#[derive(Clone, Copy, Debug)]
pub struct Lie {
    /// How reports name it.
    pub name: &'static str,
    /// The operations it concerns.
    pub on: &'static [Op],
    /// Only keys that contain this; all when empty.
    pub key: &'static str,
    /// Which of these requests.
    pub when: When,
    /// How the request is changed before it is handled.
    pub hears: Option<fn(&mut Asked)>,
    /// What becomes of it.
    pub answer: Answer,
    /// A client that tries again must succeed: the fault is one that passes.
    pub harmless: bool,
    /// A client that reads from the server cannot know: the answer is one that an honest server could give.
    pub plausible: bool,
}

impl Lie {
    /// A lie about every request of these operations; it answers honestly until it is given an answer.
    pub const fn new(name: &'static str, on: &'static [Op]) -> Self {
        let (key, when, hears) = ("", When::Always, None);
        Self { name, on, key, when, hears, answer: Answer::Honest, harmless: false, plausible: false }
    }

    /// Only for keys that contain this text.
    #[must_use]
    pub const fn key(mut self, part: &'static str) -> Self {
        self.key = part;
        self
    }

    /// Only for some of the requests.
    #[must_use]
    pub const fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }

    /// Changes requests before they are handled.
    #[must_use]
    pub const fn hears(mut self, change: fn(&mut Asked)) -> Self {
        self.hears = Some(change);
        self
    }

    /// What the client gets.
    #[must_use]
    pub const fn answers(mut self, answer: Answer) -> Self {
        self.answer = answer;
        self
    }

    /// Marks a fault that passes: the command must succeed all the same.
    #[must_use]
    pub const fn harmless(mut self) -> Self {
        self.harmless = true;
        self
    }

    /// Marks an answer that an honest server could give, so that a client that reads from this server cannot know.
    #[must_use]
    pub const fn plausible(mut self) -> Self {
        self.plausible = true;
        self
    }

    /// The same lie about one operation only.
    #[must_use]
    pub const fn only_on(mut self, on: &'static [Op]) -> Self {
        self.on = on;
        self
    }

    pub(super) fn concerns(&self, asked: &Asked) -> bool {
        self.on.contains(&asked.op) && asked.key.contains(self.key)
    }

    pub(super) fn is_due(&self, occurrence: u64) -> bool {
        match self.when {
            When::Always => true,
            When::Only(n) => occurrence == n,
            When::From(n) => occurrence >= n,
        }
    }
}
