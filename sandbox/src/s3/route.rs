use adt_model::{Key, Rules};
use http::{Method, request::Parts};
use percent_encoding::percent_decode_str;

use super::{bucket::Bucket, refusal::Refusal};

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    ListBuckets,
    CreateBucket,
    HeadBucket,
    GetBucketLocation,
    ListObjects,
    ListObjectsV2,
    ListMultipartUploads,
    DeleteObjects,
    PutObject,
    CopyObject,
    GetObject,
    HeadObject,
    DeleteObject,
    CreateMultipartUpload,
    UploadPart,
    ListParts,
    CompleteMultipartUpload,
    AbortMultipartUpload,
}

/// A request's address, read: path-style, so the first part of the path is the bucket.
pub(crate) struct Address {
    pub(crate) operation: Operation,
    bucket: Option<Bucket>,
    key: Option<Key>,
    query: Vec<(String, String)>,
}

/// Every query name that is understood; another one would change the meaning unseen.
const UNDERSTOOD: [&str; 20] = [
    "list-type",
    "prefix",
    "delimiter",
    "continuation-token",
    "start-after",
    "marker",
    "max-keys",
    "encoding-type",
    "fetch-owner",
    "location",
    "uploads",
    "uploadId",
    "partNumber",
    "delete",
    "x-id",
    "key-marker",
    "upload-id-marker",
    "max-uploads",
    "part-number-marker",
    "max-parts",
];

impl Address {
    pub(crate) fn read(parts: &Parts) -> Result<Self, Refusal> {
        let path = decode(parts.uri.path())?;
        let query = query_pairs(parts.uri.query().unwrap_or(""))?;
        if let Some((name, _)) = query.iter().find(|(name, _)| !UNDERSTOOD.contains(&name.as_str())) {
            return Err(Refusal::not_implemented(format!("this server does not know `?{name}`")));
        }
        let (bucket, key) =
            path.trim_start_matches('/').split_once('/').unwrap_or((path.trim_matches('/'), ""));
        let bucket = if bucket.is_empty() { None } else { Some(Bucket::parse(bucket)?) };
        let key = if key.is_empty() { None } else { Some(file_key(key)?) };
        let mut address = Self { operation: Operation::ListBuckets, bucket, key, query };
        address.operation = address.operation(parts)?;
        Ok(address)
    }

    fn operation(&self, parts: &Parts) -> Result<Operation, Refusal> {
        use Operation as O;
        let method = &parts.method;
        let asks = |name| self.query(name).is_some();
        let copy = parts.headers.contains_key("x-amz-copy-source");
        Ok(match (&self.bucket, &self.key, method) {
            (None, _, &Method::GET) => O::ListBuckets,
            (Some(_), None, &Method::PUT) if self.query.is_empty() => O::CreateBucket,
            (Some(_), None, &Method::HEAD) => O::HeadBucket,
            (Some(_), None, &Method::GET) if asks("location") => O::GetBucketLocation,
            (Some(_), None, &Method::GET) if asks("uploads") => O::ListMultipartUploads,
            (Some(_), None, &Method::GET) if self.query("list-type") == Some("2") => O::ListObjectsV2,
            (Some(_), None, &Method::GET) => O::ListObjects,
            (Some(_), None, &Method::POST) if asks("delete") => O::DeleteObjects,
            (Some(_), Some(_), &Method::PUT) if asks("uploadId") && !copy => O::UploadPart,
            (Some(_), Some(_), &Method::PUT) if asks("uploadId") || asks("partNumber") => {
                return Err(Refusal::not_implemented("parts cannot be copied here"));
            }
            (Some(_), Some(_), &Method::PUT) if copy => O::CopyObject,
            (Some(_), Some(_), &Method::PUT) => O::PutObject,
            (Some(_), Some(_), &Method::GET) if asks("uploadId") => O::ListParts,
            (Some(_), Some(_), &Method::GET) if !asks("partNumber") => O::GetObject,
            (Some(_), Some(_), &Method::HEAD) if !asks("partNumber") => O::HeadObject,
            (Some(_), Some(_), &Method::DELETE) if asks("uploadId") => O::AbortMultipartUpload,
            (Some(_), Some(_), &Method::DELETE) => O::DeleteObject,
            (Some(_), Some(_), &Method::POST) if asks("uploads") => O::CreateMultipartUpload,
            (Some(_), Some(_), &Method::POST) if asks("uploadId") => O::CompleteMultipartUpload,
            _ => return Err(Refusal::not_implemented(format!("this server does not do {method} there"))),
        })
    }

    /// The bucket; every operation but [`Operation::ListBuckets`] has one.
    pub(crate) fn bucket(&self) -> Result<&Bucket, Refusal> {
        self.bucket.as_ref().ok_or_else(|| Refusal::bad("InvalidBucketName", "a bucket is needed"))
    }

    /// The key; every operation on an object has one.
    pub(crate) fn key(&self) -> Result<&Key, Refusal> {
        self.key.as_ref().ok_or_else(|| Refusal::bad("InvalidArgument", "a key is needed"))
    }

    /// A query value by name.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// A query value that must be there.
    pub(crate) fn needed(&self, name: &str) -> Result<&str, Refusal> {
        self.query(name).ok_or_else(|| Refusal::bad("InvalidArgument", format!("`{name}` is needed")))
    }

    /// A query value that is a number, if it is there and not empty.
    pub(crate) fn number(&self, name: &str) -> Result<Option<usize>, Refusal> {
        match self.query(name).filter(|text| !text.is_empty()) {
            None => Ok(None),
            Some(text) => text
                .parse()
                .map(Some)
                .map_err(|_| Refusal::bad("InvalidArgument", format!("`{name}` is not a number: `{text}`"))),
        }
    }
}

/// A key that can be a file below a folder on this system.
pub(crate) fn file_key(text: &str) -> Result<Key, Refusal> {
    let key = Key::parse(text).map_err(|e| {
        Refusal::bad(
            "InvalidArgument",
            format!("this server keeps objects as files, so a key is a path: {e}"),
        )
    })?;
    Rules::here().parts(text).map_err(|reason| {
        Refusal::bad(
            "InvalidArgument",
            format!("this server keeps objects as files, and `{text}` cannot be one: {reason}"),
        )
    })?;
    Ok(key)
}

/// Undoes percent-encoding.
pub(crate) fn decode(text: &str) -> Result<String, Refusal> {
    let decoded = percent_decode_str(text).decode_utf8();
    Ok(decoded.map_err(|_| Refusal::bad("InvalidURI", "the address is not UTF-8"))?.into_owned())
}

/// Names and values of a query, decoded, in their order.
pub(crate) fn query_pairs(query: &str) -> Result<Vec<(String, String)>, Refusal> {
    let plus = |text: &str| decode(&text.replace('+', "%20"));
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((plus(name)?, plus(value)?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn read(method: &str, uri: &str) -> Result<Address, &'static str> {
        let parts = http::Request::builder().method(method).uri(uri).body(()).unwrap().into_parts().0;
        Address::read(&parts).map_err(|r| r.code)
    }

    #[rstest]
    #[case("GET", "/", Operation::ListBuckets)]
    #[case("PUT", "/b", Operation::CreateBucket)]
    #[case("PUT", "/b/", Operation::CreateBucket)]
    #[case("GET", "/b?list-type=2&prefix=", Operation::ListObjectsV2)]
    #[case("GET", "/b/?uploads", Operation::ListMultipartUploads)]
    #[case("POST", "/b?delete=", Operation::DeleteObjects)]
    #[case("PUT", "/b/k?x-id=PutObject", Operation::PutObject)]
    #[case("PUT", "/b/k?partNumber=1&uploadId=x", Operation::UploadPart)]
    #[case("POST", "/b/k?uploads", Operation::CreateMultipartUpload)]
    fn operations_are_told_apart(#[case] method: &str, #[case] uri: &str, #[case] operation: Operation) {
        assert_eq!(read(method, uri).map(|a| a.operation), Ok(operation));
    }

    #[rstest]
    #[case::up("/b/../secret", "InvalidArgument")]
    #[case::encoded_up("/b/%2e%2e/secret", "InvalidArgument")]
    #[case::encoded_slash("/b/a%2F..%2F..%2Fsecret", "InvalidArgument")]
    #[case::own_folder("/.s3/objects", "InvalidBucketName")]
    #[case::bucket_up("/..", "InvalidBucketName")]
    #[case::nul("/b/a%00", "InvalidArgument")]
    #[case::not_utf8("/b/%ff", "InvalidURI")]
    #[case::unknown_question("/b/k?acl", "NotImplemented")]
    fn what_cannot_be_kept_is_refused(#[case] uri: &str, #[case] code: &str) {
        assert_eq!(read("GET", uri).err(), Some(code));
    }

    #[test]
    fn odd_letters_are_decoded_once() {
        let address = read("GET", "/b/a%20b%23%25%2B+%C3%BC?prefix=a+b%2Bc").unwrap();
        assert_eq!(address.key().unwrap().as_str(), "a b#%++ü");
    }
}
