//! One route of the API: method, path, who may call it, what it takes and gives, and the operation.
//!
//! The router, the OpenAPI document and the tests that try every route with another tenant's ids all read the same
//! table, so that none of them can miss a route.

use super::call::{Call, Reply};
use super::idempotency::Idempotency;
use crate::app::App;
use crate::error::Error;
use crate::identity::Scope;
use crate::ports::Pending;
use http::Method;
use schemars::JsonSchema;
#[cfg(not(target_arch = "wasm32"))]
use schemars::{Schema, SchemaGenerator};

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody; the caller is not looked up.
    Public,
    /// A signed-in person or any API key.
    SignedIn,
    /// A person, not an API key: keys cannot make keys or sign out.
    Person,
    /// A person whose role, or a key whose scopes, include this.
    Scoped(Scope),
    /// A person, not an API key, whose role includes this.
    PersonScoped(Scope),
    /// An operator of the installation, or a key that one of them made with [`Scope::Operator`].
    Operator,
    /// Whoever shows a session token of ours, even an ended one: the operation reads it itself.
    OwnToken,
}

/// The operation behind a route.
pub type Handler = fn(App, Call) -> Pending<'static, Result<Reply, Error>>;

/// How a body is described. Only for the document, which is made natively: in the Worker a description is empty, and
/// the code that would make it is not there.
#[derive(Clone, Copy)]
pub struct Description {
    #[cfg(not(target_arch = "wasm32"))]
    describe: fn(&mut SchemaGenerator) -> Schema,
}

impl Description {
    #[cfg_attr(
        target_arch = "wasm32",
        expect(
            clippy::extra_unused_type_parameters,
            reason = "nothing is described there"
        )
    )]
    const fn of<T: JsonSchema>() -> Self {
        Self {
            #[cfg(not(target_arch = "wasm32"))]
            describe: |generator| generator.subschema_for::<T>(),
        }
    }

    /// The schema.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn schema(self, generator: &mut SchemaGenerator) -> Schema {
        (self.describe)(generator)
    }
}

/// A query parameter or a header, for the document.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

impl Parameter {
    /// A parameter of this name and meaning.
    #[must_use]
    pub const fn new(name: &'static str, meaning: &'static str) -> Self {
        Self { name, meaning }
    }
}

/// One way in which a route answers, for the document.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// What it means.
    pub meaning: &'static str,
    /// What its body is, if it has one.
    pub body: Content,
    /// The headers that this answer has beyond those of every answer.
    pub headers: &'static [Parameter],
}

/// What a body is.
#[derive(Clone, Copy)]
pub enum Content {
    /// There is none.
    Nothing,
    /// JSON of a type.
    Json(Description),
    /// Something of this media type.
    Other(&'static str),
    /// A problem document.
    Problem,
}

/// One route.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path below `/api/v1`, with `{id}` for a segment.
    pub path: &'static str,
    /// Whether the path begins at the root instead.
    pub is_at_the_root: bool,
    /// One sentence for the document.
    pub summary: &'static str,
    /// Who may call it.
    pub access: Access,
    /// The operation.
    pub handler: Handler,
    /// Its query parameters, where they are read one by one.
    pub query: &'static [Parameter],
    /// Its query parameters, where they are the fields of a type.
    pub asked: Option<Description>,
    /// Its request headers.
    pub headers: &'static [Parameter],
    /// The schema of its body.
    pub body: Option<Description>,
    /// What else the body may be, each media type with what it then is; it is read as it arrives.
    pub streams: &'static [Parameter],
    /// Whether the body may be left out.
    pub body_may_be_missing: bool,
    /// How it heeds an `Idempotency-Key`, if it does.
    pub idempotency: Option<Idempotency>,
    /// Its answers: those that succeed, and the refusals that are its own.
    pub answers: Vec<Answer>,
}

impl Route {
    /// A route that takes no body and gives nothing yet.
    #[must_use]
    pub fn new(
        method: Method,
        path: &'static str,
        summary: &'static str,
        access: Access,
        handler: Handler,
    ) -> Self {
        Self {
            method,
            path,
            is_at_the_root: false,
            summary,
            access,
            handler,
            query: &[],
            asked: None,
            headers: &[],
            body: None,
            streams: &[],
            body_may_be_missing: false,
            idempotency: None,
            answers: Vec::new(),
        }
    }

    /// Its path begins at the root, whatever the version of the API: others keep the address for long.
    #[must_use]
    pub const fn at_the_root(mut self) -> Self {
        self.is_at_the_root = true;
        self
    }

    /// It takes a JSON body of this type.
    #[must_use]
    pub fn takes<T: JsonSchema>(mut self) -> Self {
        self.body = Some(Description::of::<T>());
        self
    }

    /// It takes a JSON body of this type, or none.
    #[must_use]
    pub fn may_take<T: JsonSchema>(mut self) -> Self {
        self.body_may_be_missing = true;
        self.takes::<T>()
    }

    /// It takes a body of one of these media types, of any length, which the operation reads as it arrives.
    #[must_use]
    pub const fn or_streams(mut self, media_types: &'static [Parameter]) -> Self {
        self.streams = media_types;
        self
    }

    /// Whether a body that is not JSON is left for the operation to read.
    #[must_use]
    pub const fn is_streamed(&self) -> bool {
        !self.streams.is_empty()
    }

    /// Whether a body of this media type is one that the operation reads as it arrives.
    #[must_use]
    pub fn streams_type(&self, media_type: &str) -> bool {
        let media_type = media_type.to_ascii_lowercase();
        self.streams
            .iter()
            .any(|known| match known.name.strip_suffix('*') {
                Some(family) => media_type.starts_with(family),
                None => media_type == known.name,
            })
    }

    /// Its query parameters are the fields of this type.
    #[must_use]
    pub fn asks<T: JsonSchema>(mut self) -> Self {
        self.asked = Some(Description::of::<T>());
        self
    }

    /// It takes these query parameters.
    #[must_use]
    pub const fn with_query(mut self, query: &'static [Parameter]) -> Self {
        self.query = query;
        self
    }

    /// It heeds these request headers.
    #[must_use]
    pub const fn with_headers(mut self, headers: &'static [Parameter]) -> Self {
        self.headers = headers;
        self
    }

    /// It makes something, and heeds an `Idempotency-Key`: its operation commits through
    /// [`Once::commit`](super::idempotency::Once::commit).
    #[must_use]
    pub const fn idempotent(mut self) -> Self {
        self.idempotency = Some(Idempotency::Claimed);
        self
    }

    /// It makes something, and its operation claims the `Idempotency-Key` in its own transaction.
    #[must_use]
    pub const fn idempotent_by_itself(mut self) -> Self {
        self.idempotency = Some(Idempotency::OwnTransaction);
        self
    }

    /// It may answer with this status and a JSON body of this type.
    #[must_use]
    pub fn gives<T: JsonSchema>(self, status: u16, meaning: &'static str) -> Self {
        self.answers_with(status, meaning, Content::Json(Description::of::<T>()))
    }

    /// It may answer with this status and no body.
    #[must_use]
    pub fn gives_nothing(self, status: u16, meaning: &'static str) -> Self {
        self.answers_with(status, meaning, Content::Nothing)
    }

    /// It may answer with this status and a body of this media type.
    #[must_use]
    pub fn gives_other(self, status: u16, meaning: &'static str, media_type: &'static str) -> Self {
        self.answers_with(status, meaning, Content::Other(media_type))
    }

    /// It may refuse with this status, for reasons of its own beyond those that every route has.
    #[must_use]
    pub fn refuses(self, status: u16, meaning: &'static str) -> Self {
        self.answers_with(status, meaning, Content::Problem)
    }

    /// The answer that was named last has these headers.
    #[must_use]
    pub fn with_answer_headers(mut self, headers: &'static [Parameter]) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.headers = headers;
        }
        self
    }

    fn answers_with(mut self, status: u16, meaning: &'static str, body: Content) -> Self {
        self.answers.push(Answer {
            status,
            meaning,
            body,
            headers: &[],
        });
        self
    }
}

/// Makes an `async fn(App, Call) -> Result<Reply, Error>` a [`Handler`].
#[macro_export]
macro_rules! handler {
    ($operation:path) => {
        |app, call| Box::pin($operation(app, call))
    };
}
