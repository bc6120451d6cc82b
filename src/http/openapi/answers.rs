//! How routes answer: what each says of itself, and what holds for every route of a kind.

use super::schemas::Schemas;
use crate::http::idempotency::Idempotency;
use crate::http::problem::Problem;
use crate::http::route::{Access, Answer, Content, Parameter, Route};
use serde_json::{Map, Value, json};

/// A refusal that many routes share: its name, its status, what it means.
type Refusal = (&'static str, u16, &'static str);

const MALFORMED: Refusal = (
    "Malformed",
    400,
    "The request cannot be read: the body is not JSON (`malformed_json`), or a header is not as it should be",
);
const UNAUTHENTICATED: Refusal = (
    "Unauthenticated",
    401,
    "Nobody is signed in, or what was shown is not good: `not_signed_in`, `malformed_authorization`, `token_invalid`, `token_expired`, `session_ended`, `key_invalid`, `key_expired`, `key_revoked`",
);
const FORBIDDEN: Refusal = (
    "Forbidden",
    403,
    "Signed in, but not allowed: `missing_scope`, `missing_role`, `person_required`, `operator_required`",
);
const NOT_FOUND: Refusal = (
    "NotFound",
    404,
    "It does not exist, or belongs to another workspace, which looks the same: `not_found`",
);
const TOO_LARGE: Refusal = (
    "TooLarge",
    413,
    "The body is larger than 1 MiB: `body_too_large`",
);
const UNSUPPORTED_MEDIA: Refusal = (
    "UnsupportedMedia",
    415,
    "The body is not `application/json`: `unsupported_media_type`",
);
const INVALID: Refusal = (
    "Invalid",
    422,
    "The request can be read, but not carried out as it is; `errors` says which field is wrong and why",
);
const UNAVAILABLE: Refusal = (
    "Unavailable",
    503,
    "Not now: the same request may work in a moment (`temporarily_unavailable`)",
);
const OTHER: Refusal = ("Problem", 0, "Any other problem");

const SHARED: [Refusal; 9] = [
    MALFORMED,
    UNAUTHENTICATED,
    FORBIDDEN,
    NOT_FOUND,
    TOO_LARGE,
    UNSUPPORTED_MEDIA,
    INVALID,
    UNAVAILABLE,
    OTHER,
];

const RETRY_AFTER: Parameter = Parameter::new("Retry-After", "When to come back, in seconds");
const REPLAYED: Parameter = Parameter::new(
    "Idempotency-Replayed",
    "`true` when the same request was carried out before under this key, and this is its answer",
);

/// What a route that heeds an `Idempotency-Key` refuses for its sake: the status, and what it means.
const IN_PROGRESS: (u16, &str) = (
    409,
    "The first request with this Idempotency-Key is still running: `idempotency_in_progress`",
);
const REUSED: (u16, &str) = (
    422,
    "The Idempotency-Key belongs to another request: `idempotency_key_reused`",
);

/// The refusals that routes share, for `components`.
pub fn shared(schemas: &mut Schemas) -> Map<String, Value> {
    SHARED
        .iter()
        .map(|(name, status, meaning)| {
            let own: &[Parameter] = match status {
                401 => &[Parameter::new("WWW-Authenticate", "`Bearer`")],
                503 => &[RETRY_AFTER],
                _ => &[],
            };
            ((*name).to_owned(), problem(meaning, own, schemas))
        })
        .collect()
}

/// The header that every answer has.
pub fn request_id() -> Value {
    json!({
        "description": "Names this request in the operator's log",
        "schema": { "type": "string" },
    })
}

/// The answers of a route, by status.
pub fn of(route: &Route, schemas: &mut Schemas) -> Value {
    let mut answers = Map::new();
    for answer in &route.answers {
        answers.insert(answer.status.to_string(), own(route, answer, schemas));
    }
    let of_its_kind = of_its_kind(route);
    for (status, meaning) in of_a_key(route) {
        let beside = of_its_kind.iter().find(|(_, other, _)| other == status);
        let meaning = beside.map_or((*meaning).to_owned(), |(_, _, other)| {
            format!("{other}. {meaning}")
        });
        answers
            .entry(status.to_string())
            .or_insert_with(|| problem(&meaning, headers_of_a_key(*status), schemas));
    }
    for (name, status, _) in of_its_kind {
        answers
            .entry(status.to_string())
            .or_insert_with(|| reference(name));
    }
    answers.insert("default".to_owned(), reference(OTHER.0));
    answers.into()
}

/// What every route of this kind may answer.
fn of_its_kind(route: &Route) -> Vec<Refusal> {
    let mut all = Vec::new();
    match route.access {
        Access::Public => {}
        Access::OwnToken => all.extend([UNAUTHENTICATED, FORBIDDEN]),
        // X-Workspace may name one that these credentials do not reach.
        Access::SignedIn => all.extend([UNAUTHENTICATED, NOT_FOUND]),
        Access::Person | Access::Scoped(_) | Access::PersonScoped(_) | Access::Operator => {
            all.extend([UNAUTHENTICATED, FORBIDDEN, NOT_FOUND]);
        }
    }
    if route.body.is_some() {
        all.extend([MALFORMED, TOO_LARGE, UNSUPPORTED_MEDIA, INVALID]);
    }
    if route.asked.is_some() || !route.query.is_empty() {
        all.push(INVALID);
    }
    // What asks for nothing and is open to all needs nobody else to answer, or says itself what happens.
    if route.access != Access::Public || route.body.is_some() || !route.query.is_empty() {
        all.push(UNAVAILABLE);
    }
    all
}

const fn of_a_key(route: &Route) -> &'static [(u16, &'static str)] {
    match route.idempotency {
        None => &[],
        // What is done in one transaction is never seen running.
        Some(Idempotency::OwnTransaction) => &[REUSED],
        Some(Idempotency::Claimed) => &[IN_PROGRESS, REUSED],
    }
}

const fn headers_of_a_key(status: u16) -> &'static [Parameter] {
    match status {
        200..300 => &[REPLAYED],
        409 => &[RETRY_AFTER],
        _ => &[],
    }
}

fn own(route: &Route, answer: &Answer, schemas: &mut Schemas) -> Value {
    let mut own = answer.headers.to_vec();
    let mut meaning = answer.meaning.to_owned();
    if route.idempotency.is_some() {
        own.extend(headers_of_a_key(answer.status));
    }
    for (_, also) in of_a_key(route)
        .iter()
        .filter(|(status, _)| *status == answer.status)
    {
        meaning = format!("{meaning}. {also}");
    }
    let content = match answer.body {
        Content::Problem => return problem(&meaning, &own, schemas),
        Content::Nothing => None,
        Content::Json(body) => Some(("application/json", schemas.answered(body))),
        Content::Other("application/json") => {
            Some(("application/json", json!({ "type": "object" })))
        }
        Content::Other(media_type) => Some((media_type, json!({ "type": "string" }))),
    };
    let mut response = json!({
        "description": meaning,
        "headers": headers(&own),
    });
    if let (Some((media_type, schema)), Value::Object(fields)) = (content, &mut response) {
        fields.insert(
            "content".to_owned(),
            json!({ media_type: { "schema": schema } }),
        );
    }
    response
}

fn problem(meaning: &str, own: &[Parameter], schemas: &mut Schemas) -> Value {
    json!({
        "description": meaning,
        "headers": headers(own),
        "content": { "application/problem+json": { "schema": schemas.answer::<Problem>() } },
    })
}

fn headers(own: &[Parameter]) -> Value {
    let mut all = Map::new();
    all.insert(
        "X-Request-Id".to_owned(),
        json!({ "$ref": "#/components/headers/RequestId" }),
    );
    for header in own {
        let schema = match header.name {
            "Retry-After" => json!({ "type": "integer", "minimum": 0 }),
            _ => json!({ "type": "string" }),
        };
        all.insert(
            header.name.to_owned(),
            json!({ "description": header.meaning, "schema": schema }),
        );
    }
    all.into()
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/responses/{name}") })
}
