use super::{
    chains::{Chains, Effort, Match},
    collect::Collector,
    level::{Ahead, Level},
    symbols::MAX_MATCH,
};

/// Spells `text[start..]` as literals and matches. `chains` must remember `text[..start]` already.
pub(super) fn parse(level: Level, chains: &mut Chains, text: &[u8], start: usize, sink: &mut Collector<'_>) {
    match level.ahead {
        Ahead::No => greedy(level.effort, chains, text, start, sink),
        Ahead::One => lazy::<false>(level.effort, chains, text, start, sink),
        Ahead::Two => lazy::<true>(level.effort, chains, text, start, sink),
    }
}

/// Length of the longest match that could start at `at`.
#[inline]
fn most(text: &[u8], at: usize) -> usize {
    MAX_MATCH.min(text.len() - at)
}

fn greedy(effort: Effort, chains: &mut Chains, text: &[u8], mut at: usize, sink: &mut Collector<'_>) {
    while at < text.len() {
        let found = chains.find(text, at, 2, most(text, at), effort);
        if found.distance != 0 && sink.worth(at, found) {
            sink.matched(found);
            chains.skip(text, at + 1, at + found.length);
            at += found.length;
        } else {
            sink.literal(text[at]);
            at += 1;
        }
        sink.look(at);
    }
}

/// Before a match is taken, looks whether one of the next places has a better one, with less effort for each.
fn lazy<const TWO: bool>(
    effort: Effort,
    chains: &mut Chains,
    text: &[u8],
    mut at: usize,
    sink: &mut Collector<'_>,
) {
    let half = Effort { depth: effort.depth / 2, ..effort };
    let quarter = Effort { depth: effort.depth / 4, ..effort };
    while at < text.len() {
        let mut found = chains.find(text, at, 2, most(text, at), effort);
        if found.distance == 0 || !sink.worth(at, found) {
            sink.literal(text[at]);
            at += 1;
            sink.look(at);
            continue;
        }
        let mut remembered = 1;
        while found.length < effort.nice && at + remembered < text.len() {
            let next = chains.find(text, at + 1, found.length - 1, most(text, at + 1), half);
            remembered = 2;
            if better(next, found, 2) && sink.worth(at + 1, next) {
                sink.literal(text[at]);
                (at, found, remembered) = (at + 1, next, 1);
                continue;
            }
            if !TWO {
                break;
            }
            let after = chains.find(text, at + 2, found.length - 1, most(text, at + 2), quarter);
            remembered = 3;
            if !(better(after, found, 6) && sink.worth(at + 2, after)) {
                break;
            }
            sink.literal(text[at]);
            sink.literal(text[at + 1]);
            (at, found, remembered) = (at + 2, after, 1);
        }
        sink.matched(found);
        chains.skip(text, at + remembered, at + found.length);
        at += found.length;
        sink.look(at);
    }
}

/// Whether a later match saves at least `need` bits more: about four for each byte, and one for each halved distance.
#[inline]
fn better(next: Match, than: Match, need: usize) -> bool {
    let distance_bits = |found: Match| found.distance.ilog2() as usize;
    next.distance != 0 && 4 * next.length + distance_bits(than) > 4 * than.length + distance_bits(next) + need
}
