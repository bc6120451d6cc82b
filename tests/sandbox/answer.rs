//! What comes back: [`Answer`] while it is being built, [`Reply`] as it leaves.

use http::Response;
use serde_json::Value;

use super::money::Charge;

/// What happens to one request.
#[derive(Debug)]
pub enum Reply {
    Answer(Response<Vec<u8>>),
    /// The connection closes without a byte.
    Drop,
    /// Nothing comes, until the client closes the connection.
    Hang,
    /// The reply comes after this many milliseconds. Its effect, if any, has already happened.
    Delay(u64, Box<Reply>),
}

impl Reply {
    /// The answer, waiting not counted; `None` when the client never gets one.
    pub fn answer(self) -> Option<Response<Vec<u8>>> {
        match self {
            Self::Answer(answer) => Some(answer),
            Self::Delay(_, inner) => inner.answer(),
            Self::Drop | Self::Hang => None,
        }
    }
}

/// An answer that endpoints pass around. Small, so that it can be the error of a `Result`.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    content_type: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// What X is paid for, and how many of it.
    pub worth: Option<(Charge, usize)>,
}

impl Answer {
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json; charset=utf-8", body.to_string())
    }

    pub fn problem(status: u16, body: &Value) -> Self {
        Self::new(status, "application/problem+json", body.to_string())
    }

    pub fn html(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, "text/html; charset=utf-8", body)
    }

    /// The status of a success with nothing in it.
    pub fn empty(status: u16) -> Self {
        Self::new(status, "application/json; charset=utf-8", "")
    }

    pub fn redirect(location: String) -> Self {
        Self::html(302, "").with("location", location)
    }

    fn new(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            content_type,
            headers: Vec::new(),
            body: body.into(),
            worth: None,
        }
    }

    pub fn worth(self, charge: Charge, count: usize) -> Self {
        Self {
            worth: Some((charge, count)),
            ..self
        }
    }

    pub fn with_posts(self, read: usize) -> Self {
        self.worth(Charge::PostRead, read)
    }

    pub fn with_users(self, read: usize) -> Self {
        self.worth(Charge::UserRead, read)
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn with_all(mut self, headers: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        self.headers.extend(headers);
        self
    }

    pub fn into_response(self) -> Response<Vec<u8>> {
        let mut builder = Response::builder()
            .status(self.status)
            .header("content-type", self.content_type)
            .header("cache-control", "no-store");
        for (name, value) in self.headers {
            builder = builder.header(name, value);
        }
        builder
            .body(self.body)
            .expect("every header is made of what a header may hold")
    }
}
