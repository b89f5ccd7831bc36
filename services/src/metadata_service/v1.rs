//! The envelope: `{"message": text, "data": document | [documents] | null}`.

use adt_model::{Class, Fault};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Answer, Heard, Language,
    choose::{Want, odd},
    no_service, said,
};
use crate::http::Reply;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(default)]
    message: Option<serde_json::Value>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(default)]
    detail: Option<serde_json::Value>,
}

pub(super) fn judge(want: &Want<'_>, reply: &Reply) -> Result<Heard, Fault> {
    let Some(envelope) = Envelope::of(reply) else { return Err(no_service(reply)) };
    let remark = match reply.status.as_u16() {
        404 if envelope.is_no_route() => return Ok(Heard::NoSuchRoute(said(reply))),
        404 => return Ok(Heard::Answer(Answer::Missing { said: said(reply) })),
        200 | 300 => None,
        // 422 comes from servers that were told not to validate.
        status @ (207 | 406 | 422) => match (envelope.data, status) {
            (None, 406) => return Ok(Heard::Answer(Answer::Missing { said: said(reply) })),
            (None, 207) => return Err(later(reply)),
            (None, _) => return Err(no_service(reply)),
            (Some(_), 207) => Some("the document is partial: some of the service's sources failed"),
            (Some(_), 422) => Some("the service did not validate the document"),
            (Some(_), _) => Some("the document does not validate"),
        },
        _ => return Err(no_service(reply)),
    };
    let Some(data) = envelope.data else { return Err(odd(reply, "holds no data")) };
    let chosen = want.choose(data, reply.status.as_u16() == 300, reply)?;
    let message = envelope.message.as_ref().and_then(|message| message.as_str());
    let message = message.filter(|message| !message.trim().is_empty());
    let remark = match (remark, message) {
        (Some(remark), Some(message)) => Some(format!("{remark} ({})", reply.clean(message))),
        (remark, _) => remark.map(str::to_owned).or(chosen.several),
    };
    Ok(Heard::Answer(Answer::Found { text: chosen.text, remark, api: Language::V1 }))
}

impl<'a> Envelope<'a> {
    /// An object only: a list would be read as the fields in order.
    fn of(reply: &'a Reply) -> Option<Self> {
        let body: &RawValue = serde_json::from_slice(&reply.body).ok()?;
        body.get().starts_with('{').then(|| serde_json::from_str(body.get()).ok())?
    }

    /// The words of the server's framework for an address that it has no route for.
    fn is_no_route(&self) -> bool {
        self.message.is_none() && self.detail.as_ref().is_some_and(|detail| detail == "Not Found")
    }
}

/// Sources failed and nothing is left: what a later try may cure.
fn later(reply: &Reply) -> Fault {
    Fault::new(Class::Transient, said(reply))
}
