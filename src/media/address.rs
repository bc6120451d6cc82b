//! May this address be fetched?
//!
//! Promises that what [`check`] lets pass is `https` on port 443 without credentials, at a public name: no address in
//! numbers, however spelled, and no name that is only known inside of some network. Whoever follows redirects asks
//! [`check_redirect`] for each of them.
//!
//! Addresses in numbers are refused altogether, public ones too: `fetch` on Cloudflare refuses them anyway (error 1003,
//! <https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/error-1003/>),
//! and so no table of what is private, embedded in another or handed out tomorrow needs to be right.
//!
//! Does not resolve names, which cannot be done at the edge: a public name may have a private address (`127.0.0.1.nip.io`
//! does). What protects there is the runtime, which reaches public addresses only, and the compatibility flag
//! `global_fetch_strictly_public`, with which a name in our own zone is fetched as a stranger would fetch it
//! (<https://developers.cloudflare.com/workers/configuration/compatibility-flags/#global-fetch-strictly-public>).

use std::fmt;

use url::{Host, Url};

/// The longest address, in bytes, before and after it is written in full.
pub const URL_MAX_BYTES: usize = 2_000;

/// Names that mean something inside of a network only, and all below them: those set aside for it
/// (<https://www.iana.org/assignments/special-use-domain-names/special-use-domain-names.xhtml>), the one that ICANN
/// reserved for private use, those that it will give to nobody since too many use them, and what routers hand out.
const INSIDE_NAMES: [&str; 14] = [
    "localhost",
    "localdomain",
    "local",
    // metadata.google.internal, and every name inside of AWS and Google Cloud.
    "internal",
    "intranet",
    "private",
    "lan",
    "home",
    "corp",
    "mail",
    // home.arpa, and names that stand for addresses.
    "arpa",
    "onion",
    "alt",
    // Names inside of Kubernetes: service.namespace.svc.cluster.local, often cut to this.
    "svc",
];

/// A name below a public one, where Google Cloud answers what only a machine of its own should know.
const METADATA_NAME: &str = "metadata.goog";

/// Why an address is not fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is longer than [`URL_MAX_BYTES`].
    TooLong,
    /// It is no URL.
    NoUrl,
    /// It is not `https`.
    NotHttps,
    /// It has a name or a password in it.
    Credentials,
    /// It names a port other than 443.
    Port,
    /// Its host is an address in numbers.
    HostInNumbers,
    /// Its host is a name that is not public.
    HostNotPublic,
}

impl Refused {
    /// A stable word for it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong => "url_too_long",
            Self::NoUrl => "url_invalid",
            Self::NotHttps => "url_not_https",
            Self::Credentials => "url_has_credentials",
            Self::Port => "url_port_not_allowed",
            Self::HostInNumbers => "url_host_is_address",
            Self::HostNotPublic => "url_host_not_public",
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "The URL is longer than 2,000 bytes.",
            Self::NoUrl => {
                "This is not a URL. A host name beyond ASCII has to be in its xn-- form."
            }
            Self::NotHttps => "The URL has to begin with https://.",
            Self::Credentials => "The URL must not have a user name or a password in it.",
            Self::Port => "The URL must not name a port other than 443.",
            Self::HostInNumbers => "The host has to be a name, not an IP address.",
            Self::HostNotPublic => "The host is not a public name.",
        })
    }
}

/// The address, if it may be fetched: in the form to fetch, without the fragment.
///
/// # Errors
/// Why it may not.
pub fn check(text: &str) -> Result<Url, Refused> {
    if text.len() > URL_MAX_BYTES {
        return Err(Refused::TooLong);
    }
    check_url(Url::parse(text).map_err(|_| Refused::NoUrl)?)
}

/// The same for where an answer redirects to: `location` may be relative to the address that was fetched.
///
/// # Errors
/// As [`check`].
pub fn check_redirect(from: &Url, location: &str) -> Result<Url, Refused> {
    if location.len() > URL_MAX_BYTES {
        return Err(Refused::TooLong);
    }
    check_url(from.join(location).map_err(|_| Refused::NoUrl)?)
}

/// Asks the parsed form alone: what was written is what the parser made of it, or two readings could be played against
/// each other.
fn check_url(mut url: Url) -> Result<Url, Refused> {
    url.set_fragment(None);
    if url.as_str().len() > URL_MAX_BYTES {
        return Err(Refused::TooLong);
    }
    if url.scheme() != "https" {
        return Err(Refused::NotHttps);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refused::Credentials);
    }
    // 443 is not told apart from none.
    if url.port().is_some() {
        return Err(Refused::Port);
    }
    match url.host() {
        Some(Host::Domain(name)) if is_public(name) => Ok(url),
        Some(Host::Domain(_)) | None => Err(Refused::HostNotPublic),
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => Err(Refused::HostInNumbers),
    }
}

/// The parser has made `name` lower case.
fn is_public(name: &str) -> bool {
    // One point at the end says that the name is whole, and means the same name.
    let name = name.strip_suffix('.').unwrap_or(name);
    let mut labels = name.rsplit('.');
    let last = labels.next().unwrap_or_default();
    let is_top = labels.next().is_none();
    let has_gap = name.split('.').any(str::is_empty);
    !is_top && !has_gap && !INSIDE_NAMES.contains(&last) && name != METADATA_NAME
}

#[cfg(test)]
#[path = "address_tests.rs"]
mod tests;
