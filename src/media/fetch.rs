//! Fetching a file from an address that somebody gave.
//!
//! The address, and each that it leads on to, must be one that everybody can reach ([`address`]); no credentials go along,
//! and what comes back is never shown, only inspected. What a name resolves to cannot be asked here: the runtime does not
//! connect to private networks, and `global_fetch_strictly_public` keeps it from the operator's own.

use super::address;
use super::model::BYTES_MAX;
use crate::app::App;
use crate::error::{Error, Kind};
use crate::ports::ByteStream;
use http::{Request, header};

/// How long a file may take to arrive, in ms.
const DEADLINE_MS: u32 = 120_000;

/// How many times an address may lead on to another.
const REDIRECTS_MAX: usize = 5;

/// A file that arrives.
pub struct Arriving {
    /// Its size, where the other side says it.
    pub bytes: Option<u64>,
    /// Its bytes.
    pub stream: ByteStream,
}

/// Asks for a file.
///
/// # Errors
/// The codes of [`address::check`], `url_unreachable`, `too_many_redirects`, `file_too_large`.
pub async fn open(app: &App, url: &str) -> Result<Arriving, Error> {
    let mut url = address::check(url).map_err(not_allowed)?;
    for _ in 0..=REDIRECTS_MAX {
        let request = Request::get(url.as_str())
            .header(header::ACCEPT, "image/*, video/*, */*;q=0.5")
            .header(header::USER_AGENT, "Godwit")
            .body(Vec::new())
            .map_err(|_| unreachable("it cannot be asked"))?;
        let answer = app.http.open(request, DEADLINE_MS).await;
        let answer = answer.map_err(|error| unreachable(&error.to_string()))?;
        let status = answer.status();
        let text = |name: header::HeaderName| {
            let value = answer.headers().get(name);
            value.and_then(|value| value.to_str().ok())
        };
        if status.is_redirection() {
            let location = text(header::LOCATION);
            let location = location.ok_or_else(|| unreachable("it leads on to nowhere"))?;
            url = address::check_redirect(&url, location).map_err(not_allowed)?;
            continue;
        }
        if !status.is_success() {
            return Err(unreachable(&format!("it answered {}", status.as_u16())));
        }
        let bytes = text(header::CONTENT_LENGTH).and_then(|text| text.parse().ok());
        if bytes.is_some_and(|bytes: u64| bytes > BYTES_MAX) {
            return Err(Error::invalid_field(
                "/url",
                "file_too_large",
                format!("The file there is larger than {BYTES_MAX} bytes."),
            ));
        }
        return Ok(Arriving {
            bytes,
            stream: answer.into_body(),
        });
    }
    Err(Error::invalid_field(
        "/url",
        "too_many_redirects",
        format!("The address leads on to others more than {REDIRECTS_MAX} times."),
    ))
}

fn not_allowed(why: address::Refused) -> Error {
    Error::invalid_field("/url", why.code(), why.to_string())
}

fn unreachable(why: &str) -> Error {
    Error::new(
        Kind::Upstream,
        "url_unreachable",
        format!("The file could not be fetched: {why}."),
        "Open the address in a browser without signing in; if that shows the file, try again.",
    )
}
