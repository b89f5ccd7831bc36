//! Blosc's own compressor, a descendant of `FastLZ`; only read, for it is what foreign stores may hold.
//!
//! The text is a row of instructions. A number below 32 copies one more byte than it says from the text itself. Else its upper
//! three bits say how many bytes are repeated from what is there already, and its lower five, with the byte that follows, from
//! how far back. The first instruction is a copy, whatever its upper bits say.

/// From here on, distances take two bytes of their own.
const FAR: usize = 8191;

/// Decompresses a text that fills `out` exactly; nothing if it does not.
pub(super) fn decode(text: &[u8], out: &mut [u8]) -> Option<()> {
    let mut text = text.iter().as_slice();
    let mut written = 0;
    let mut instruction = next(&mut text)? & 31;
    loop {
        written += if instruction < 32 {
            let (literals, rest) = text.split_at_checked(usize::from(instruction) + 1)?;
            out.get_mut(written..written + literals.len())?.copy_from_slice(literals);
            text = rest;
            literals.len()
        } else {
            repeat(instruction, &mut text, out, written)?
        };
        let Some(following) = next(&mut text) else { break };
        instruction = following;
    }
    (written == out.len()).then_some(())
}

/// Repeats what came before; returns how many bytes.
fn repeat(instruction: u8, text: &mut &[u8], out: &mut [u8], written: usize) -> Option<usize> {
    let mut length = usize::from(instruction >> 5) + 2;
    if instruction >> 5 == 7 {
        loop {
            let more = next(text)?;
            length += usize::from(more);
            if more != 255 {
                break;
            }
        }
    }
    let low = next(text)?;
    let mut back = usize::from(instruction & 31) << 8 | usize::from(low);
    if back == 31 << 8 | 255 {
        back = FAR + (usize::from(next(text)?) << 8 | usize::from(next(text)?));
    }
    let from = written.checked_sub(back + 1)?;
    if length > out.len() - written {
        return None;
    }
    copy(out, from, written, length);
    Some(length)
}

/// Copies within `out`; where the target overlaps the source, what was just written is repeated.
fn copy(out: &mut [u8], from: usize, to: usize, length: usize) {
    let mut done = 0;
    while done < length {
        let step = (to + done - from).min(length - done);
        out.copy_within(from..from + step, to + done);
        done += step;
    }
}

fn next(text: &mut &[u8]) -> Option<u8> {
    let (first, rest) = text.split_first()?;
    *text = rest;
    Some(*first)
}
