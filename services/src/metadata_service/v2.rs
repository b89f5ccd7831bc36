//! The bare document.

use adt_model::Fault;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Answer, Heard, Language,
    choose::{Want, odd},
    no_service, said,
};
use crate::http::Reply;

pub(super) fn judge(want: &Want<'_>, reply: &Reply) -> Result<Heard, Fault> {
    let Ok(body) = serde_json::from_slice::<&RawValue>(&reply.body) else { return Err(no_service(reply)) };
    let complaint = Complaint::of(body);
    let remark = match (reply.status.as_u16(), &complaint) {
        (404, Some(complaint)) if complaint.is_no_route() => return Ok(Heard::NoSuchRoute(said(reply))),
        (404 | 406, _) => return Ok(Heard::Answer(Answer::Missing { said: said(reply) })),
        (400, None) => Some(invalid(reply)),
        (200 | 300, None) => None,
        (207, None) => Some("the document is partial: some of the service's sources failed".to_owned()),
        _ => return Err(no_service(reply)),
    };
    match body.get() {
        "null" => return Err(odd(reply, "holds no data")),
        // A project without anybody is a project that nobody entered.
        "[]" if want.may_be_empty() => return Ok(Heard::Answer(Answer::Missing { said: said(reply) })),
        _ => {}
    }
    let chosen = want.choose(body, reply.status.as_u16() == 300, reply)?;
    Ok(Heard::Answer(Answer::Found {
        text: chosen.text,
        remark: remark.or(chosen.several),
        api: Language::V2,
    }))
}

/// An error's body: a `detail` and nothing else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Complaint {
    detail: serde_json::Value,
}

impl Complaint {
    /// An object only: a list would be read as the fields in order.
    fn of(body: &RawValue) -> Option<Self> {
        body.get().starts_with('{').then(|| serde_json::from_str(body.get()).ok())?
    }

    /// The words of the server's framework. The service's own, for what it does not find, have another capital.
    fn is_no_route(&self) -> bool {
        self.detail == "Not Found"
    }
}

/// Present but invalid: the reason stands in a header.
fn invalid(reply: &Reply) -> String {
    let remark = "the document does not validate";
    match reply.header("x-error-message").map(|text| reply.clean(text)).filter(|text| !text.is_empty()) {
        Some(reason) => format!("{remark} ({reason})"),
        None => remark.to_owned(),
    }
}
