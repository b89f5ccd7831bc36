use rstest::rstest;

use super::*;

const SECRET: &str = "IQoJb3JpZ2luX2Vj/+canary==Zx9";

fn clean(text: &str) -> String {
    let mut redactor = Redactor::default();
    redactor.hide(SECRET);
    redactor.clean(text)
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

fn entities(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("&#x{b:x};") })
        .collect()
}

fn base64_of(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    text.as_bytes().chunks(3).fold(String::new(), |mut all, chunk| {
        let mut bytes = [0; 3];
        bytes[..chunk.len()].copy_from_slice(chunk);
        let number = u32::from(bytes[0]) << 16 | u32::from(bytes[1]) << 8 | u32::from(bytes[2]);
        for n in 0..=chunk.len() {
            all.push(char::from(LETTERS[(number >> (18 - 6 * n) & 63) as usize]));
        }
        all + &"=".repeat(3 - chunk.len())
    })
}

#[rstest]
#[case::as_it_is(SECRET.to_owned())]
#[case::lower_case(SECRET.to_ascii_lowercase())]
#[case::percent_encoded(percent(SECRET))]
#[case::percent_encoded_small(percent(SECRET).replace("%2F", "%2f"))]
#[case::percent_encoded_twice(percent(&percent(SECRET)))]
#[case::entities(entities(SECRET))]
#[case::json(SECRET.replace('/', "\\/").replace('+', "\\u002b"))]
#[case::hexadecimal(SECRET.bytes().fold(String::new(), |all, b| format!("{all}{b:02X}")))]
#[case::base64(base64_of(SECRET))]
#[case::base64_shifted(base64_of(&format!("a{SECRET}")))]
#[case::base64_shifted_twice(base64_of(&format!("ab{SECRET}c")))]
#[case::cut_short(SECRET[..16].to_owned())]
#[case::its_end(SECRET[10..].to_owned())]
fn a_known_secret_is_masked_in_every_form(#[case] form: String) {
    let shown = clean(&format!("denied <{form}> for you"));
    assert!(shown.starts_with("denied <***") && shown.ends_with("> for you"), "{shown}");
    // A character that base64 shares with a neighbour may remain at each end.
    assert!(shown.len() <= "denied <***> for you".len() + 4, "{shown}");
}

#[test]
fn a_secret_that_is_wrapped_is_masked_line_by_line() {
    let shown = clean(&format!("{}\r\n{}", &SECRET[..14], &SECRET[14..]));
    assert_eq!(shown, "***\r\n***");
}

#[rstest]
#[case(
    "Authorization: AWS4-HMAC-SHA256 Credential=AKIA/20240101/x, SignedHeaders=host, Signature=0af9\nnext"
)]
#[case("'Authorization': 'Bearer 0af9', 'Host': 'next'")]
#[case("{\"authorization\":\"Basic MGFmOTowYWY5\"} next")]
#[case("x-amz-security-token: 0af9canary0123456789 next")]
#[case("https://host/a?sv=2024&sig=0af9%2Bb&se=next")]
#[case("https://host/a?sv=2024&amp;sig=0af9%2Bb&amp;se=next")]
#[case("/a?sig%3D0af9%26se%3Dnext")]
#[case("/upload?uploadType=resumable&upload_id=0af9 next")]
#[case("X-Amz-Signature=0af9&X-Amz-Expires=next")]
#[case("X-Goog-Signature=0af9&next")]
#[case("client_secret=0af9&next")]
#[case("the header was Bearer 0af9abcdefgh; next")]
#[case("SharedKey account:0af9abcdefgh12= next")]
#[case("token eyJ0af9hbGciOiJSUzI1NiJ9.eyJzdWIi.sig next")]
#[case("http://user:0af9@host/next")]
#[case("http://user:0a/f9:0af9@host/next")]
#[case("Cookie: session=0af9; other=MGFm\nnext")]
fn a_secret_is_known_by_what_surrounds_it(#[case] text: &str) {
    let shown = redact(text);
    assert!(!shown.contains("0af9") && !shown.contains("MGFm"), "{shown}");
    assert!(shown.contains(MASK) && shown.contains("next"), "{shown}");
}

#[rstest]
#[case("AccessDenied: User arn:aws:iam::1:user/x is not authorized to perform s3:PutObject")]
#[case("The request signature we calculated does not match the signature you provided")]
#[case("Make sure the value of Authorization header is formed correctly including the signature")]
#[case("The provided token is malformed or otherwise invalid")]
#[case("Bearer token is missing")]
#[case("Basic authentication is required")]
#[case("token: expired")]
#[case("SignatureDoesNotMatch: see https://docs.example.org/a@b?page=2")]
#[case("http://host:9000/a@b")]
#[case("größe: 1 %, 50%25 of it")]
fn a_text_without_secrets_stays(#[case] text: &str) {
    assert_eq!(redact(text), text);
    assert_eq!(clean(text), text);
}

#[rstest]
#[case("az://acc/c/x?sv=2024&sig=canary%2B&se=1", "az://acc/c/x?sv=2024&sig=***&se=1")]
#[case("s3://user:canary@bucket/x", "s3://***@bucket/x")]
#[case(
    "cannot read `https://h/x?X-Amz-Signature=canary`: no",
    "cannot read `https://h/x?X-Amz-Signature=***`: no"
)]
#[case("s3://bucket/token=1/sig=2", "s3://bucket/token=1/sig=2")]
#[case("/data/who?/a&b", "/data/who?/a&b")]
#[case("s3://bucket/a@b/c:d@e", "s3://bucket/a@b/c:d@e")]
fn only_secrets_of_urls_are_masked_in_places(#[case] text: &str, #[case] shown: &str) {
    assert_eq!(redact_places(text), shown);
    assert_eq!(holds_secret(text), text != shown);
}

#[test]
fn short_texts_are_not_secrets_and_nothing_shows_one() {
    let mut redactor = Redactor::default();
    redactor.hide("a");
    redactor.hide("");
    redactor.hide("swordfish");
    assert_eq!(redactor.clean("a word: swordfish2"), "a word: ***");
    assert_eq!(format!("{redactor:?}"), "Redactor(1 secrets)");
}

#[test]
fn a_long_text_is_bounded() {
    assert!(redact(&"ä%".repeat(1 << 20)).len() <= LONGEST);
}
