//! `multipart/form-data` (RFC 7578), read strictly and without a copy of what it holds.

use std::{io::BufRead, ops::Range};

/// One part of a form. Its content stays in the body.
#[derive(Clone, Debug)]
pub struct Part {
    pub name: String,
    pub content: Range<usize>,
}

impl Part {
    pub fn bytes<'a>(&self, body: &'a [u8]) -> &'a [u8] {
        &body[self.content.clone()]
    }

    /// Empty when it is not text.
    pub fn text<'a>(&self, body: &'a [u8]) -> &'a str {
        std::str::from_utf8(self.bytes(body)).unwrap_or_default()
    }
}

/// The boundary that a content type names.
pub fn boundary(content_type: &str) -> Option<&str> {
    let (_, parameters) = content_type.split_once(';')?;
    let named = parameters
        .split(';')
        .find_map(|parameter| parameter.trim().strip_prefix("boundary="))?;
    let bare = named.trim_matches('"');
    (1..=70).contains(&bare.len()).then_some(bare)
}

/// `None` for anything that is not a whole form, its closing delimiter included.
pub fn read(body: &[u8], boundary: &str) -> Option<Vec<Part>> {
    let delimiter = format!("\r\n--{boundary}");
    let mut at = delimiter.len() - 2;
    if !body.starts_with(&delimiter.as_bytes()[2..]) {
        return None;
    }
    let mut parts = Vec::new();
    loop {
        let rest = &body[at..];
        if matches!(rest, b"--" | b"--\r\n") {
            return Some(parts);
        }
        let head = rest.strip_prefix(b"\r\n")?;
        let head_length = find(head, b"\r\n\r\n")?;
        let name = name(std::str::from_utf8(&head[..head_length]).ok()?)?;
        let start = at + 2 + head_length + 4;
        let end = start + find(&body[start..], delimiter.as_bytes())?;
        parts.push(Part {
            name,
            content: start..end,
        });
        at = end + delimiter.len();
    }
}

fn name(head: &str) -> Option<String> {
    head.split("\r\n").find_map(|line| {
        let (field, value) = line.split_once(':')?;
        if !field.eq_ignore_ascii_case("content-disposition") {
            return None;
        }
        let mut parameters = value.split(';').map(str::trim);
        let is_form_data = parameters.next()? == "form-data";
        let name = parameters.find_map(|parameter| parameter.strip_prefix("name="))?;
        is_form_data.then(|| name.trim_matches('"').to_owned())
    })
}

/// Where `needle`, which begins with a carriage return, begins. Jumps from one to the next by the reader's search:
/// byte by byte, a debug build would need seconds for a segment of a video.
fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let mut left = haystack;
    loop {
        left.skip_until(b'\r').ok().filter(|skipped| *skipped > 0)?;
        let at = haystack.len() - left.len() - 1;
        if haystack[at..].starts_with(needle) {
            return Some(at);
        }
    }
}
