use super::{
    chains::{Chains, Effort},
    collect::Collector,
    level::{Ahead, Level},
    symbols::MAX_MATCH,
};

/// Bytes that never match are looked at this seldom, less one.
const LONGEST_STRIDE: usize = 15;

/// Spells `text[start..]` as literals and matches. `chains` must remember `text[..start]` already.
pub(super) fn parse(level: Level, chains: &mut Chains, text: &[u8], start: usize, sink: &mut Collector<'_>) {
    match level.ahead {
        Ahead::No => greedy(level, chains, text, start, sink),
        Ahead::One => lazy::<false>(level, chains, text, start, sink),
        Ahead::Two => lazy::<true>(level, chains, text, start, sink),
    }
}

/// Length of the longest match that could start at `at`.
#[inline]
fn most(text: &[u8], at: usize) -> usize {
    MAX_MATCH.min(text.len() - at)
}

/// How many literals are taken at once after `missed` bytes without a match: bytes that never match are soon not
/// looked at one by one, and what they lose when matches begin is a few bytes.
#[inline]
fn stride(missed: usize, patience: u32) -> usize {
    1 + (missed >> patience).min(LONGEST_STRIDE)
}

/// Takes the first match that is worth it.
fn greedy(level: Level, chains: &mut Chains, text: &[u8], start: usize, sink: &mut Collector<'_>) {
    let (mut at, mut matched) = (start, start);
    while at < text.len() {
        let found = chains.find(text, at, 2, most(text, at), level.effort);
        if found.distance != 0 && sink.worth(at, found) {
            sink.matched(found);
            chains.skip(text, at + 1, at + found.length);
            at += found.length;
            matched = at;
        } else {
            let next = text.len().min(at + stride(at - matched, level.patience));
            sink.literals(&text[at..next]);
            at = next;
        }
        sink.look(at);
    }
}

/// Before a match is taken, looks whether one of the next places has a better one, with less effort for each.
fn lazy<const TWO: bool>(
    level: Level,
    chains: &mut Chains,
    text: &[u8],
    start: usize,
    sink: &mut Collector<'_>,
) {
    let effort = level.effort;
    let (mut at, mut matched) = (start, start);
    let half = Effort { depth: effort.depth / 2, ..effort };
    let quarter = Effort { depth: effort.depth / 4, ..effort };
    while at < text.len() {
        let mut found = chains.find(text, at, 2, most(text, at), effort);
        if found.distance == 0 || !sink.worth(at, found) {
            let next = text.len().min(at + stride(at - matched, level.patience));
            sink.literals(&text[at..next]);
            at = next;
            sink.look(at);
            continue;
        }
        let mut remembered = 1;
        while found.length < effort.nice && at + remembered < text.len() {
            let next = chains.find(text, at + 1, found.length - 1, most(text, at + 1), half);
            remembered = 2;
            if sink.better(at, found, next, 1) {
                sink.literals(&text[at..=at]);
                (at, found, remembered) = (at + 1, next, 1);
                continue;
            }
            if !TWO {
                break;
            }
            let after = chains.find(text, at + 2, found.length - 1, most(text, at + 2), quarter);
            remembered = 3;
            if !sink.better(at, found, after, 2) {
                break;
            }
            sink.literals(&text[at..at + 2]);
            (at, found, remembered) = (at + 2, after, 1);
        }
        sink.matched(found);
        chains.skip(text, at + remembered, at + found.length);
        at += found.length;
        matched = at;
        sink.look(at);
    }
}
