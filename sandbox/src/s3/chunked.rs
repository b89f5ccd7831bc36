use ring::digest;

use super::{
    checksum::hex,
    refusal::Refusal,
    signature::{Signed, sha256_hex, sign_hex},
};

/// No line of the framing is longer than this; a longer one is not `aws-chunked`.
const LINE_LIMIT: usize = 8 << 10;

/// Takes the framing `aws-chunked` off a body, and checks the chunks' signatures when they are signed.
pub(crate) struct Unchunk {
    state: State,
    line: Vec<u8>,
    chain: Option<Chain>,
    /// Headers that came after the body, in lower case.
    pub(crate) trailers: Vec<(String, String)>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// In the line with a chunk's length.
    Length,
    /// In a chunk, with so many bytes to come.
    Data(u64),
    /// In the line end after a chunk.
    DataEnd,
    Trailer,
    Done,
}

/// Each chunk's signature covers the one before.
struct Chain {
    signed: Signed,
    chunk: digest::Context,
    claimed: String,
}

impl Unchunk {
    /// `signed` is given when the chunks carry signatures.
    pub(crate) fn new(signed: Option<Signed>) -> Self {
        let chain = signed.map(|signed| Chain {
            signed,
            chunk: digest::Context::new(&digest::SHA256),
            claimed: String::new(),
        });
        Self { state: State::Length, line: Vec::new(), chain, trailers: Vec::new() }
    }

    /// Takes the next bytes of the body as sent, hands on those that are data.
    pub(crate) fn push(
        &mut self,
        mut input: &[u8],
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        while !input.is_empty() {
            if let State::Data(left) = self.state {
                let (data, rest) =
                    input.split_at(input.len().min(usize::try_from(left).unwrap_or(usize::MAX)));
                if let Some(chain) = &mut self.chain {
                    chain.chunk.update(data);
                }
                sink(data)?;
                input = rest;
                let left = left - data.len() as u64;
                self.state = if left == 0 { State::DataEnd } else { State::Data(left) };
                continue;
            }
            let (byte, rest) = (input[0], &input[1..]);
            input = rest;
            if byte != b'\n' {
                self.line.push(byte);
                if self.line.len() > LINE_LIMIT || self.state == State::Done {
                    return Err(malformed("the framing of the body is not `aws-chunked`"));
                }
                continue;
            }
            let line = std::mem::take(&mut self.line);
            let line = String::from_utf8(line).map_err(|_| malformed("a line of the framing is not text"))?;
            self.line_done(line.trim_end_matches('\r'))?;
        }
        Ok(())
    }

    /// The body has ended; it must have ended with the last chunk.
    pub(crate) fn finish(&self) -> Result<(), Refusal> {
        // Some clients leave out the empty line after the trailers.
        if matches!(self.state, State::Done | State::Trailer) && self.line.is_empty() {
            return Ok(());
        }
        Err(Refusal::bad("IncompleteBody", "the body ended before its last chunk"))
    }

    fn line_done(&mut self, line: &str) -> Result<(), Refusal> {
        self.state = match self.state {
            State::Length => self.chunk_begins(line)?,
            State::DataEnd if line.is_empty() => {
                self.chunk_ends()?;
                State::Length
            }
            State::Trailer | State::Done if line.is_empty() => State::Done,
            State::Trailer => {
                self.trailer(line)?;
                State::Trailer
            }
            State::DataEnd | State::Data(_) | State::Done => {
                return Err(malformed("a chunk is longer than its length says"));
            }
        };
        Ok(())
    }

    fn chunk_begins(&mut self, line: &str) -> Result<State, Refusal> {
        let (length, extension) = line.split_once(';').unwrap_or((line, ""));
        let length = u64::from_str_radix(length.trim(), 16)
            .map_err(|_| malformed("a chunk's length cannot be read"))?;
        if let Some(chain) = &mut self.chain {
            extension.trim().strip_prefix("chunk-signature=").unwrap_or("").clone_into(&mut chain.claimed);
        }
        if length > 0 {
            return Ok(State::Data(length));
        }
        self.chunk_ends()?;
        Ok(State::Trailer)
    }

    fn chunk_ends(&mut self) -> Result<(), Refusal> {
        let Some(chain) = &mut self.chain else { return Ok(()) };
        let chunk = std::mem::replace(&mut chain.chunk, digest::Context::new(&digest::SHA256)).finish();
        let Signed { date, scope, signature, .. } = &chain.signed;
        let text = format!(
            "AWS4-HMAC-SHA256-PAYLOAD\n{date}\n{scope}\n{signature}\n{}\n{}",
            sha256_hex(b""),
            hex(chunk.as_ref())
        );
        let claimed = std::mem::take(&mut chain.claimed);
        chain.accept(&text, claimed)
    }

    fn trailer(&mut self, line: &str) -> Result<(), Refusal> {
        let (name, value) =
            line.split_once(':').ok_or_else(|| malformed("a trailing header has no colon"))?;
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().to_owned());
        if name != "x-amz-trailer-signature" {
            self.trailers.push((name, value));
            return Ok(());
        }
        let Some(chain) = &mut self.chain else { return Ok(()) };
        let mut sent: Vec<_> = self.trailers.iter().map(|(n, v)| format!("{n}:{v}\n")).collect();
        sent.sort();
        let Signed { date, scope, signature, .. } = &chain.signed;
        let text = format!(
            "AWS4-HMAC-SHA256-TRAILER\n{date}\n{scope}\n{signature}\n{}",
            sha256_hex(sent.concat().as_bytes())
        );
        chain.accept(&text, value)
    }
}

impl Chain {
    fn accept(&mut self, text: &str, claimed: String) -> Result<(), Refusal> {
        if sign_hex(&self.signed.key, text) != claimed {
            return Err(Refusal::denied("SignatureDoesNotMatch", "a chunk's signature is wrong"));
        }
        self.signed.signature = claimed;
        Ok(())
    }
}

fn malformed(message: &str) -> Refusal {
    Refusal::bad("InvalidRequest", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn unchunk(body: &str, step: usize) -> Result<(String, usize), &'static str> {
        let mut data = Vec::new();
        let mut unchunk = Unchunk::new(None);
        for piece in body.as_bytes().chunks(step) {
            unchunk
                .push(piece, &mut |bytes| {
                    data.extend_from_slice(bytes);
                    Ok(())
                })
                .map_err(|r| r.code)?;
        }
        unchunk.finish().map_err(|r| r.code)?;
        Ok((String::from_utf8(data).unwrap(), unchunk.trailers.len()))
    }

    #[rstest]
    #[case::two_chunks("4\r\nWiki\r\n5\r\npedia\r\n0\r\n\r\n", Ok(("Wikipedia", 0)))]
    #[case::trailer("1\r\na\r\n0\r\nx-amz-checksum-crc32: x\r\n\r\n", Ok(("a", 1)))]
    #[case::empty("0\r\n\r\n", Ok(("", 0)))]
    #[case::cut("4\r\nWi", Err("IncompleteBody"))]
    #[case::no_last_chunk("4\r\nWiki\r\n", Err("IncompleteBody"))]
    #[case::too_long("1\r\nWiki\r\n0\r\n\r\n", Err("InvalidRequest"))]
    #[case::no_length("Wiki\r\n", Err("InvalidRequest"))]
    fn framing_is_taken_off(
        #[case] body: &str,
        #[case] expected: Result<(&str, usize), &'static str>,
        #[values(1, 3, 1000)] step: usize,
    ) {
        assert_eq!(unchunk(body, step), expected.map(|(text, n)| (text.to_owned(), n)));
    }
}
