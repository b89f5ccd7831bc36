//! XML documents of answers: each kind of answer has its root, and a document with another root is something else.

use adt_model::Fault;
use adt_net::xml::{Element, XmlError};

use super::{Answer, Exchange, Request, Server, is_what};
use crate::listing::LARGEST_PAGE;

/// Which elements of a document are the items of its list.
#[derive(Clone, Copy)]
pub(crate) struct Items<'a> {
    pub(crate) root: &'a str,
    /// 1 is directly inside the root.
    pub(crate) depth: usize,
    pub(crate) names: &'a [&'a str],
}

impl<S: Server> Exchange<S> {
    /// The answer's document, whose root must have this name.
    pub(crate) fn document(&self, request: &Request, answer: &Answer, root: &str) -> Result<Element, Fault> {
        self.judged(request, answer, root, Element::parse(bare(&answer.body)))
    }

    /// The answer's document without the items of its list, and these, each of which `read` must understand.
    pub(crate) fn items<T>(
        &self,
        request: &Request,
        answer: &Answer,
        items: Items<'_>,
        read: impl Fn(&mut Element) -> Option<T>,
    ) -> Result<(Element, Vec<T>), Fault> {
        let (mut all, mut lacking, mut many) = (Vec::new(), None, false);
        let parsed = Element::parse_each(bare(&answer.body), (items.depth, items.names), |mut element| {
            many = all.len() >= LARGEST_PAGE;
            match read(&mut element) {
                Some(item) => all.push(item),
                None => lacking = Some(element.name),
            }
            lacking.is_none() && !many
        });
        if many {
            return Err(self.strange(request, &format!("it has more than {LARGEST_PAGE} entries")));
        }
        if let Some(name) = lacking {
            return Err(self.strange(request, &format!("an element `{name}` lacks a required part")));
        }
        Ok((self.judged(request, answer, items.root, parsed)?, all))
    }

    fn judged(
        &self,
        request: &Request,
        answer: &Answer,
        root: &str,
        parsed: Result<Element, XmlError>,
    ) -> Result<Element, Fault> {
        match parsed {
            Ok(document) if is_named(&document.name, root) => Ok(document),
            Err(error) if is_what(&answer.body) == "it cannot be read" => {
                Err(self.strange(request, &format!("it cannot be read: {error}")))
            }
            _ => Err(self.strange(request, &is_what(&answer.body))),
        }
    }
}

/// Whether a root has this name. Some servers write `ListPartsResponse` or `InitiateMultipartUpload` in place of what ends with `Result`.
fn is_named(name: &str, root: &str) -> bool {
    let base = |name: &str| {
        let end = ["Result", "Response"].iter().find_map(|end| name.strip_suffix(end));
        end.unwrap_or(name).to_owned()
    };
    name == root || base(name) == base(root)
}

/// A body without the mark of its byte order, with which Azure begins its documents.
fn bare(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("ListPartsResult", "ListPartsResult", true)]
    #[case("ListPartsResponse", "ListPartsResult", true)]
    #[case("InitiateMultipartUpload", "InitiateMultipartUploadResult", true)]
    #[case("ListBucketResult", "ListPartsResult", false)]
    #[case("CopyObjectResult", "CompleteMultipartUploadResult", false)]
    #[case("Result", "ListPartsResult", false)]
    #[case("", "ListPartsResult", false)]
    #[case("Error", "EnumerationResults", false)]
    fn a_root_has_the_name_of_its_answer(#[case] name: &str, #[case] root: &str, #[case] same: bool) {
        assert_eq!(is_named(name, root), same);
    }
}
