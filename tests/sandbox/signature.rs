//! OAuth 1.0a signatures, to the letter (<https://docs.x.com/fundamentals/authentication/oauth-1-0a/creating-a-signature>).
//!
//! Signed are the method, the address without its query, and the parameters of header, query and form; JSON and
//! multipart bodies are not. Only the `Authorization` header is read for `oauth_…`. A parameter that is there twice is
//! refused, as is a percent-encoding in the header that RFC 3986 would not have made.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{call::Call, sha1};

/// The `oauth_…` parameters of a header, decoded.
#[derive(Debug)]
pub struct Header(Vec<(String, String)>);

impl Header {
    /// `None` when the request has no well-formed OAuth header.
    pub fn read(call: &Call) -> Option<Self> {
        let value = call.header("authorization")?;
        let (scheme, rest) = value.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("oauth") {
            return None;
        }
        let mut parameters: Vec<(String, String)> = Vec::new();
        for written in rest.split(',') {
            let (name, quoted) = written.trim().split_once('=')?;
            let value = quoted.strip_prefix('"')?.strip_suffix('"')?;
            let (name, value) = (decode(name)?, decode(value)?);
            if parameters.iter().any(|(known, _)| *known == name) {
                return None;
            }
            parameters.push((name, value));
        }
        Some(Self(parameters))
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether the signature is the one that these secrets make.
    pub fn is_signed_by(&self, call: &Call, consumer_secret: &str, token_secret: &str) -> bool {
        let base = self.base(call);
        let key = format!("{}&{}", encode(consumer_secret), encode(token_secret));
        let signature =
            base.map(|base| STANDARD.encode(sha1::hmac(key.as_bytes(), base.as_bytes())));
        signature.is_some() && signature.as_deref() == self.get("oauth_signature")
    }

    fn base(&self, call: &Call) -> Option<String> {
        let in_header = self.0.iter();
        let in_header = in_header.filter(|(name, _)| name != "oauth_signature" && name != "realm");
        let form = call.form();
        let all = in_header.chain(&call.query).chain(&form);
        let mut parameters: Vec<(String, String)> = all
            .map(|(name, value)| (encode(name), encode(value)))
            .collect();
        parameters.sort();
        if parameters.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return None;
        }
        let pairs: Vec<String> = parameters
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        Some(format!(
            "{}&{}&{}",
            call.method,
            encode(&call.address()?),
            encode(&pairs.join("&"))
        ))
    }
}

/// RFC 3986: everything but unreserved characters, in upper case.
pub fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for digit in [byte >> 4, byte & 15] {
                let digit = char::from_digit(u32::from(digit), 16).expect("a digit");
                encoded.push(digit.to_ascii_uppercase());
            }
        }
    }
    encoded
}

/// Only what [`encode`] makes.
fn decode(encoded: &str) -> Option<String> {
    let (mut bytes, mut left) = (Vec::new(), encoded.bytes());
    while let Some(byte) = left.next() {
        if byte == b'%' {
            let digits = [left.next()?, left.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    (encode(&text) == encoded).then_some(text)
}
