//! Lies that have been seen, or that only differ in kind from those seen.

use std::time::Duration;

use super::{
    Answer, Asked, Flow, Length, Lie, Op, Page, Reply, When,
    serve::LOST,
    state::{hex, md5},
};
use Op::{Abort, Begin, Complete, Copy, Delete, Get, Head, List, ListUploads, Part, Put};

const EVERY: &[Op] = &[List, Put, Begin, Part, Complete, Copy, Head, Get, Delete, ListUploads, Abort];
/// The operations whose answers have a body.
const SPOKEN: &[Op] = &[List, Begin, Complete, Copy, Get, ListUploads];
/// The operations that store something, in one step.
const STORING: &[Op] = &[Put, Part, Complete, Copy];
const CRC64: &str = "x-amz-checksum-crc64nvme";

/// Makes an answer to a request that is not handled.
type Make = fn(&Asked) -> Reply;

/// What a proxy answers in place of any service.
fn login(_: &Asked) -> Reply {
    let page = "<!DOCTYPE html><html><head><title>Log in</title></head><body><form></form></body></html>";
    Reply::new(200, "text/html; charset=utf-8", page)
}

fn xml(status: u16, text: &'static str) -> Reply {
    Reply::new(status, "application/xml", text)
}

fn refused(status: u16, code: &str) -> Reply {
    let text = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>no</Message></Error>");
    Reply::new(status, "application/xml", text)
}

/// Whole answers that are not what was asked for, to every operation.
fn strange_answers() -> Vec<Lie> {
    let lie = |name, make| Lie::new(name, EVERY).answers(Answer::Instead(make));
    let in_200: [(&'static str, Make); 8] = [
        ("InternalError in a 200", |_| refused(200, "InternalError")),
        ("AccessDenied in a 200", |_| refused(200, "AccessDenied")),
        ("login page", login),
        ("unknown root", |_| xml(200, "<?xml version=\"1.0\"?><Foo/>")),
        ("JSON", |_| Reply::new(200, "application/json", "{}")),
        ("empty body", |_| Reply::empty(200)),
        ("204", |_| Reply::empty(204)),
        ("301 to elsewhere", |_| refused(301, "PermanentRedirect").with("location", "http://127.0.0.1:9/x")),
    ];
    let mut all: Vec<Lie> = in_200.into_iter().map(|(name, make)| lie(name, make)).collect();
    // A listing goes wrong in its middle just as well.
    for (name, make) in in_200 {
        all.extend([2, 3].map(|from| lie(name, make).only_on(&[List]).when(When::From(from))));
    }
    all
}

/// Faults that pass: trying again must be enough.
fn passing_faults() -> Vec<Lie> {
    let once = |name| Lie::new(name, EVERY).when(When::Only(1)).harmless();
    vec![
        once("500 once").answers(Answer::Instead(|_| refused(500, "InternalError"))),
        once("503 once").answers(Answer::Instead(|_| refused(503, "SlowDown"))),
        once("reset once").answers(Answer::Edit(|reply, _| reply.flow = Flow::Reset)),
        once("broken off once").only_on(SPOKEN).answers(Answer::Edit(|reply, _| reply.flow = Flow::Broken)),
        once("reset before it is done once").answers(Answer::Instead(|_| {
            let mut reply = Reply::empty(200);
            reply.flow = Flow::Reset;
            reply
        })),
    ]
}

/// Bodies that are not what their head announces, and bodies without end.
fn bodies() -> Vec<Lie> {
    let lie = |name, change| Lie::new(name, SPOKEN).answers(Answer::Edit(change));
    vec![
        lie("cut, length adapted", |reply, _| reply.body.truncate(reply.body.len() / 2)),
        lie("cut, length kept", |reply, _| reply.flow = Flow::Broken),
        lie("length too large", |reply, _| reply.length = Length::Says(reply.body.len() as u64 + 10)),
        lie("length too small", |reply, _| {
            reply.length = Length::Says((reply.body.len() as u64).saturating_sub(10));
        }),
        lie("cut, no length", |reply, _| {
            reply.length = Length::Unsaid;
            reply.body.truncate(reply.body.len() / 2);
        }),
        lie("50 MB", |reply, _| reply.flow = Flow::Endless(50_000_000)),
        lie("50 MB without a length", |reply, _| {
            (reply.flow, reply.length) = (Flow::Endless(50_000_000), Length::Unsaid);
        }),
        lie("drip", drip).only_on(&[List, Begin, Complete, ListUploads]),
        // Every object would take its time.
        lie("drip", drip).only_on(&[Copy, Get]).key("0.bin"),
        Lie::new("size too large", &[Head]).answers(Answer::Edit(|reply, _| resize(reply, 10))),
        Lie::new("size too small", &[Head]).answers(Answer::Edit(|reply, _| resize(reply, -1))),
    ]
}

fn drip(reply: &mut Reply, _: &Asked) {
    reply.flow = Flow::Drip(1, Duration::from_millis(400));
}

/// Changes what an answer to HEAD says about the size.
fn resize(reply: &mut Reply, by: i64) {
    if let Some(size) = reply.header("x-length").and_then(|text| text.parse::<i64>().ok()) {
        reply.set("x-length", (size + by).max(0).to_string());
    }
}

/// What is missing or forbidden, though it should not be.
fn denials() -> Vec<Lie> {
    vec![
        Lie::new("404", &[Head, Get, Copy, Delete, Complete, Part])
            .answers(Answer::Instead(|_| refused(404, "NoSuchKey"))),
        Lie::new("NoSuchUpload", &[Part, Complete, Abort])
            .answers(Answer::Instead(|_| refused(404, "NoSuchUpload"))),
        Lie::new("403", EVERY).answers(Answer::Instead(|_| refused(403, "AccessDenied"))),
        Lie::new("found, though it is not", &[Head]).answers(Answer::Instead(|_| {
            Reply::empty(200).with("etag", "\"00000000000000000000000000000000\"").with("x-length", "5")
        })),
    ]
}

/// Sums that are missing or wrong.
fn sums() -> Vec<Lie> {
    const HEADED: &[Op] = &[Put, Part, Head, Get];
    vec![
        Lie::new("no ETag", HEADED).answers(Answer::Edit(|reply, _| reply.remove("etag"))),
        Lie::new("no checksum", HEADED).answers(Answer::Edit(|reply, _| reply.remove(CRC64))),
        Lie::new("neither ETag nor checksum", HEADED).answers(Answer::Edit(|reply, _| {
            reply.remove("etag");
            reply.remove(CRC64);
        })),
        Lie::new("wrong ETag", HEADED).answers(Answer::Edit(|reply, _| {
            reply.set("etag", "\"0123456789abcdef0123456789abcdef\"");
        })),
        Lie::new("wrong checksum", HEADED).answers(Answer::Edit(|reply, _| reply.set(CRC64, "AAAAAAAAAAA="))),
        Lie::new("no ETag", &[Copy, Complete, List]).answers(Answer::Edit(|reply, _| {
            reply.edit(|text| text.replace("ETag>", "Etags>"));
        })),
        Lie::new("wrong ETag", &[Copy, Complete, List]).answers(Answer::Edit(|reply, _| {
            reply.edit(|text| text.replace("<ETag>&quot;", "<ETag>&quot;0000"));
        })),
        Lie::new("wrong checksum", &[Complete]).answers(Answer::Edit(|reply, _| {
            reply.edit(|text| text.replace("<ChecksumCRC64NVME>", "<ChecksumCRC64NVME>AAAA"));
        })),
        Lie::new("another key", &[Complete, Begin]).answers(Answer::Edit(|reply, _| {
            reply.edit(|text| text.replace("<Key>", "<Key>other/"));
        })),
    ]
}

/// What was acknowledged and is not there, or not as it was sent.
fn losses() -> Vec<Lie> {
    vec![
        Lie::new("acknowledged and dropped", STORING).hears(|asked| LOST.clone_into(&mut asked.bucket)),
        Lie::new("acknowledged and dropped", &[Delete]).answers(Answer::Instead(|_| Reply::empty(204))),
        Lie::new("acknowledged and dropped", &[Abort]).answers(Answer::Instead(|_| Reply::empty(204))),
        Lie::new("the last dropped", STORING)
            .when(When::From(2))
            .hears(|asked| LOST.clone_into(&mut asked.bucket)),
        Lie::new("acknowledged and halved", &[Put, Part]).hears(halve),
        Lie::new("halved and confirmed", &[Put, Part]).hears(halve).answers(Answer::Edit(confirm)),
        Lie::new("halved, without a word", &[Put, Part]).hears(halve).answers(Answer::Edit(|reply, _| {
            reply.remove(CRC64);
            reply.set("etag", "\"an opaque one\"");
        })),
        Lie::new("changed and confirmed", &[Put, Part]).hears(flip).answers(Answer::Edit(confirm)),
        Lie::new("completed without its last part", &[Complete]).hears(|asked| {
            asked.replace_body(|body| {
                let text = String::from_utf8_lossy(body).into_owned();
                if let Some(last) = text.rfind("<Part>").filter(|last| text.find("<Part>") != Some(*last)) {
                    *body = format!("{}</CompleteMultipartUpload>", &text[..last]).into_bytes();
                }
            });
        }),
    ]
}

fn halve(asked: &mut Asked) {
    asked.replace_body(|body| body.truncate(body.len() / 2));
}

fn flip(asked: &mut Asked) {
    asked.replace_body(|body| {
        let middle = body.len() / 2;
        if let Some(byte) = body.get_mut(middle) {
            *byte ^= 1;
        }
    });
}

/// The answer that the bytes as they were sent would have had.
fn confirm(reply: &mut Reply, asked: &Asked) {
    reply.set("etag", format!("\"{}\"", hex(&md5(&asked.body))));
    match asked.header(CRC64) {
        Some(sum) => reply.set(CRC64, sum),
        None => reply.remove(CRC64),
    }
}

/// Downloads that are not the bytes asked for.
fn downloads() -> Vec<Lie> {
    let lie = |name| Lie::new(name, &[Get]);
    vec![
        lie("one byte changed").answers(Answer::Edit(|reply, _| changed(reply))),
        lie("one byte changed, no checksum").answers(Answer::Edit(|reply, _| {
            changed(reply);
            reply.remove(CRC64);
        })),
        lie("another object").hears(|asked| asked.key = other(&asked.key)),
        lie("another object under its own ETag").hears(|asked| asked.key = other(&asked.key)).answers(
            Answer::Edit(|reply, asked| {
                reply.remove(CRC64);
                if let Some(etag) = asked.header("if-match").map(str::to_owned) {
                    reply.set("etag", etag);
                }
            }),
        ),
        lie("another range").hears(|asked| {
            if let Some((first, last)) = asked.range(usize::MAX) {
                asked.set_header("range", &format!("bytes={}-{last}", first + 1));
            }
        }),
        lie("200 for a range").hears(|asked| {
            asked.headers.remove("range");
        }),
        lie("206 with the first half").hears(|asked| {
            let (first, last) = asked.range(usize::MAX).unwrap_or((0, 20));
            asked.set_header("range", &format!("bytes={first}-{}", first + (last - first) / 2));
        }),
    ]
}

fn changed(reply: &mut Reply) {
    let mut bytes = reply.body.to_vec();
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    reply.body = bytes.into();
}

/// The key of another object: tests call one of theirs `…0.bin` and another `…1.bin`.
fn other(key: &str) -> String {
    match key.strip_suffix("0.bin") {
        Some(stem) => format!("{stem}1.bin"),
        None => key.to_owned(),
    }
}

/// Pages of a listing that do not fit together.
fn pages() -> Vec<Lie> {
    let lie = |name, change: fn(&mut Page, u64)| Lie::new(name, &[List]).answers(Answer::Page(change));
    vec![
        Lie::new("a page repeated", &[List]).hears(|asked| {
            asked.without_query("continuation-token");
            asked.without_query("start-after");
        }),
        lie("the same token again", |page, _| {
            page.truncated = true;
            page.token = Some("c2FtZQ==".to_owned());
        }),
        lie("truncated without a token", |page, _| {
            page.truncated = true;
            page.token = None;
        }),
        lie("keys out of order", |page, _| page.keys.reverse()),
        lie("keys twice", |page, _| page.keys = [page.keys.clone(), page.keys.clone()].concat()),
        lie("empty pages without end", |page, turn| {
            page.keys.clear();
            page.folders.clear();
            page.count = 0;
            page.truncated = true;
            page.token = Some(format!("token-{turn}"));
        }),
        lie("half of the keys missing", |page, _| page.keys.truncate(page.keys.len() / 2)),
        lie("half of the keys missing once", drop_half).when(When::Only(1)).plausible(),
        lie("ends after a page", |page, _| {
            page.truncated = false;
            page.token = None;
        })
        .plausible(),
        lie("nothing once", |page, _| *page = Page::default()).when(When::Only(1)).plausible(),
        lie("keys of elsewhere", |page, _| {
            for key in &mut page.keys {
                key.insert_str(0, "elsewhere/");
            }
        }),
        Lie::new("sizes of 2^63", &[List]).answers(Answer::Edit(|reply, _| {
            reply.edit(|text| text.replace("<Size>", "<Size>9223372036854775808"));
        })),
        Lie::new("another size", &[List]).answers(Answer::Edit(|reply, _| {
            reply.edit(|text| text.replace("<Size>", "<Size>1"));
        })),
        Lie::new("no sizes", &[List]).answers(Answer::Edit(|reply, _| {
            reply.edit(|text| text.replace("Size>", "Sizes>"));
        })),
        Lie::new("a marker repeated", &[ListUploads]).answers(Answer::Edit(|reply, _| {
            let more = "<IsTruncated>true</IsTruncated><NextKeyMarker>x/same</NextKeyMarker><NextUploadIdMarker>same</NextUploadIdMarker>";
            reply.edit(|text| {
                text.replace("<IsTruncated>false</IsTruncated>", more)
                    .replace("<IsTruncated>true</IsTruncated><NextKeyMarker>x/0", more)
            });
        })),
        Lie::new("uploads of elsewhere", &[ListUploads]).hears(|asked| asked.without_query("prefix")),
    ]
}

fn drop_half(page: &mut Page, _: u64) {
    page.keys.truncate(page.keys.len() / 2);
    page.count = page.keys.len() + page.folders.len();
}

/// Every lie that a server of S3 tells.
pub fn s3() -> Vec<Lie> {
    [strange_answers(), passing_faults(), bodies(), denials(), sums(), losses(), downloads(), pages()]
        .concat()
}

/// Operations of Google and Azure whose answers are looked at.
const MOVING: &[Op] = &[List, Put, Begin, Part, Complete, Copy, Head, Get, Delete];

/// Whole answers that are not what was asked for, and faults that pass.
fn strange_elsewhere(in_200: &[(&'static str, Make)]) -> Vec<Lie> {
    let lie = |name, make| Lie::new(name, MOVING).answers(Answer::Instead(make));
    let mut all: Vec<Lie> = in_200.iter().map(|(name, make)| lie(*name, *make)).collect();
    for (name, make) in in_200 {
        all.push(lie(*name, *make).only_on(&[List]).when(When::From(2)));
    }
    let once = |name| Lie::new(name, MOVING).when(When::Only(1)).harmless();
    all.extend([
        once("500 once").answers(Answer::Instead(|_| Reply::empty(500))),
        once("503 once").answers(Answer::Instead(|_| Reply::empty(503))),
        once("reset once").answers(Answer::Edit(|reply, _| reply.flow = Flow::Reset)),
        Lie::new("404", &[Head, Get, Copy]).answers(Answer::Instead(|_| Reply::empty(404))),
        Lie::new("403", MOVING).answers(Answer::Instead(|_| Reply::empty(403))),
        Lie::new("cut, length adapted", &[List, Get, Head])
            .answers(Answer::Edit(|reply, _| reply.body.truncate(reply.body.len() / 2))),
        Lie::new("one byte changed", &[Get]).answers(Answer::Edit(|reply, _| changed(reply))),
        Lie::new("another object", &[Get]).hears(|asked| asked.key = other(&asked.key)),
        Lie::new("acknowledged and dropped", &[Put, Complete, Copy])
            .hears(|asked| LOST.clone_into(&mut asked.bucket)),
        Lie::new("acknowledged and dropped", &[Delete]).answers(Answer::Instead(|_| Reply::empty(204))),
    ]);
    // Their pages say neither how many names they have nor whether more follow: what a token is missing from is the last page.
    let end = |lie: &Lie| matches!(lie.name, "half of the keys missing" | "truncated without a token");
    let pages = pages().into_iter().filter(|lie| matches!(lie.answer, Answer::Page(_)));
    all.extend(pages.map(|lie| if end(&lie) { lie.plausible() } else { lie }));
    all
}

/// Every lie that a server of Google's tells.
pub fn google() -> Vec<Lie> {
    let mut all = strange_elsewhere(&[
        ("error in a 200", |_| {
            Reply::new(200, "application/json", r#"{"error":{"code":503,"message":"backend"}}"#)
        }),
        ("an empty list", |_| Reply::new(200, "application/json", "[]")),
        ("another kind", |_| Reply::new(200, "application/json", r#"{"kind":"storage#buckets"}"#)),
        ("an empty object", |_| Reply::new(200, "application/json", "{}")),
        ("login page", login),
        ("empty body", |_| Reply::empty(200)),
        ("204", |_| Reply::empty(204)),
    ]);
    all.push(Lie::new("sizes of 2^63", &[List, Head]).answers(Answer::Edit(|reply, _| {
        reply.edit(|text| text.replace("\"size\":\"", "\"size\":\"9223372036854775808"));
    })));
    all.push(Lie::new("another checksum", &[Put, Complete, Copy]).answers(Answer::Edit(|reply, _| {
        reply.edit(|text| text.replace("\"crc32c\":\"", "\"crc32c\":\"AAAAAA==\",\"was\":\""));
    })));
    all
}

/// Every lie that a server of Azure's tells.
pub fn azure() -> Vec<Lie> {
    let mut all = strange_elsewhere(&[
        ("error in a 200", |_| refused(200, "ServerBusy")),
        ("a listing without its parts", |_| xml(200, "<?xml version=\"1.0\"?><EnumerationResults/>")),
        ("unknown root", |_| xml(200, "<?xml version=\"1.0\"?><Foo/>")),
        ("login page", login),
        ("JSON", |_| Reply::new(200, "application/json", "{}")),
        ("empty body", |_| Reply::empty(200)),
        ("204", |_| Reply::empty(204)),
    ]);
    all.push(Lie::new("InvalidBlockList once", &[Complete]).when(When::Only(1)).answers(Answer::Instead(
        |_| refused(400, "InvalidBlockList").with("x-ms-error-code", "InvalidBlockList"),
    )));
    all.push(Lie::new("blocks in another order", &[Complete]).hears(|asked| {
        asked.replace_body(|body| {
            let text = String::from_utf8_lossy(body).into_owned();
            let ids: Vec<_> =
                text.split("<Latest>").skip(1).filter_map(|rest| rest.split('<').next()).collect();
            let list =
                ids.iter().rev().map(|id| format!("<Latest>{id}</Latest>")).collect::<Vec<_>>().concat();
            *body = format!("<BlockList>{list}</BlockList>").into_bytes();
        });
    }));
    all.push(Lie::new("sizes of 2^63", &[List]).answers(Answer::Edit(|reply, _| {
        reply.edit(|text| text.replace("<Content-Length>", "<Content-Length>9223372036854775808"));
    })));
    all
}
