//! X's OpenAPI document, 2.173 of 2026-10-31 (<https://api.x.com/2/openapi.json>), and the check of requests by it.
//!
//! `spec/openapi.json` is cut from the document: the operations that this X has and the schemas that they need, without
//! descriptions, answers and what serves documentation only. X itself runs [`refusal`] on every request of API v2; a
//! test may run [`check`] on any. What is not in the document (the token endpoints, OAuth 1.0a) is not checked.
//!
//! Stricter than the document: unknown query parameters, repeated ones and empty ones are refused, as is a body where
//! none is described.

use std::sync::OnceLock;

use http::{Method, Request};
use serde_json::Value;

use super::{
    call::Call,
    schema::{Schema, Wrong},
    settings::Names,
};

/// Values of `expansions` and `user.fields` that were taken before spec 2.167.
const OLD_VALUES: [&str; 6] = [
    "affiliation",
    "edit_history_tweet_ids",
    "most_recent_tweet_id",
    "pinned_tweet_id",
    "referenced_tweets.id",
    "referenced_tweets.id.author_id",
];

#[derive(Debug)]
struct Operation {
    method: Method,
    /// `{name}` for a parameter.
    path: Vec<String>,
    parameters: Vec<Parameter>,
    security: Security,
    /// By content type.
    body: Vec<(String, Schema)>,
}

/// Which tokens an operation takes.
#[derive(Debug)]
pub struct Security {
    pub takes_app_only: bool,
    pub takes_oauth1: bool,
    /// The scopes that an OAuth 2.0 user token must have.
    pub scopes: Option<Vec<String>>,
}

#[derive(Debug)]
struct Parameter {
    name: String,
    is_path: bool,
    required: bool,
    schema: Schema,
}

/// # Errors
/// The first thing about the request that the document does not allow, in X's words. Only requests of API v2 are
/// looked at.
pub fn check(request: &Request<Vec<u8>>) -> Result<(), String> {
    let call = Call::read(0, request.clone());
    wrong(&call, false).map_err(|wrong| wrong.message)
}

/// What X says of a request that the document does not allow. While old names are taken in queries, those that the
/// document had before are as good.
///
/// # Errors
/// What is wrong.
pub fn refusal(call: &Call, names: Names) -> Result<(), Wrong> {
    if call.fits {
        Ok(())
    } else {
        wrong(call, names.has_old())
    }
}

/// Which tokens the request's operation takes. `None` for what is not in the document.
pub fn security(call: &Call) -> Option<&'static Security> {
    let segments = call.segments();
    let mut all = operations().iter();
    let operation = all.find(|operation| operation.is_for(&call.method, &segments));
    operation.map(|operation| &operation.security)
}

fn wrong(call: &Call, also_old: bool) -> Result<(), Wrong> {
    let segments = call.segments();
    if segments.first() != Some(&"2") || segments.get(1) == Some(&"oauth2") {
        return Ok(());
    }
    let Some(operation) = operations()
        .iter()
        .find(|operation| operation.is_for(&call.method, &segments))
    else {
        return Err(Wrong::of_request(&format!(
            "{} {} is not in the document",
            call.method, call.path
        )));
    };
    operation.check_path(&segments)?;
    operation.check_query(call, also_old)?;
    operation.check_body(call)
}

fn operations() -> &'static [Operation] {
    static OPERATIONS: OnceLock<Vec<Operation>> = OnceLock::new();
    OPERATIONS.get_or_init(|| {
        let document: Value =
            serde_json::from_str(include_str!("spec/openapi.json")).expect("the document is JSON");
        let mut operations: Vec<Operation> = document["operations"]
            .as_array()
            .expect("operations")
            .iter()
            .map(|written| Operation::compile(written, &document))
            .collect();
        // `users/me` before `users/{id}`.
        operations.sort_by_key(|operation| {
            operation
                .path
                .iter()
                .filter(|part| part.starts_with('{'))
                .count()
        });
        operations
    })
}

impl Operation {
    fn compile(written: &Value, document: &Value) -> Self {
        let text = |name: &str| written[name].as_str().expect("a text");
        let parameters = written["parameters"].as_array().expect("a list");
        let security = written["security"].as_array().expect("a list");
        let scheme = |name: &str| security.iter().find_map(|scheme| scheme.get(name));
        let content = written["body"]["content"].as_object();
        Self {
            method: text("method").parse().expect("a method"),
            path: text("path").split('/').skip(1).map(str::to_owned).collect(),
            parameters: parameters
                .iter()
                .map(|written| {
                    let shared = written["$ref"].as_str();
                    let written = shared.map_or(written, |name| &document["parameters"][name]);
                    Parameter {
                        name: written["name"].as_str().expect("a name").into(),
                        is_path: written["in"] == "path",
                        required: written["required"] == true,
                        schema: Schema::compile(&written["schema"], &document["schemas"]),
                    }
                })
                .collect(),
            security: Security {
                takes_app_only: scheme("BearerToken").is_some(),
                takes_oauth1: scheme("UserToken").is_some(),
                scopes: scheme("OAuth2UserToken").map(|scopes| {
                    let scopes = scopes.as_array().into_iter().flatten();
                    scopes
                        .map(|scope| scope.as_str().expect("a scope").into())
                        .collect()
                }),
            },
            body: content
                .into_iter()
                .flatten()
                .map(|(kind, schema)| (kind.clone(), Schema::compile(schema, &document["schemas"])))
                .collect(),
        }
    }

    fn is_for(&self, method: &Method, segments: &[&str]) -> bool {
        self.method == method
            && self.path.len() == segments.len()
            && self
                .path
                .iter()
                .zip(segments)
                .all(|(part, segment)| part.starts_with('{') || part == segment)
    }

    fn check_path(&self, segments: &[&str]) -> Result<(), Wrong> {
        for (part, segment) in self.path.iter().zip(segments) {
            let name = part.trim_matches(['{', '}']);
            let parameter = self
                .parameters
                .iter()
                .find(|parameter| parameter.is_path && parameter.name == name);
            if let Some(parameter) = parameter.filter(|_| part.starts_with('{')) {
                parameter.check(segment, false)?;
            }
        }
        Ok(())
    }

    fn check_query(&self, call: &Call, also_old: bool) -> Result<(), Wrong> {
        let in_query = || {
            self.parameters
                .iter()
                .filter(|parameter| !parameter.is_path)
        };
        for (index, (name, value)) in call.query.iter().enumerate() {
            let refuse = |message| Err(Wrong::new(name, &value.as_str().into(), message));
            let is_old = also_old && name == "tweet.fields";
            let known = if is_old { "post.fields" } else { name };
            let Some(parameter) = in_query().find(|parameter| parameter.name == known) else {
                let names: Vec<&str> = in_query()
                    .map(|parameter| parameter.name.as_str())
                    .collect();
                return refuse(format!(
                    "The query parameter [{name}] is not one of [{}]",
                    names.join(",")
                ));
            };
            if call.query[..index]
                .iter()
                .any(|(earlier, _)| earlier == name)
            {
                return refuse(format!(
                    "Duplicate parameters are not allowed: the `{name}` query parameter"
                ));
            }
            if value.is_empty() {
                return refuse(format!("The {name} query parameter can not be empty"));
            }
            if !is_old {
                parameter.check(value, also_old)?;
            }
        }
        let missing = in_query()
            .find(|parameter| parameter.required && call.parameter(&parameter.name).is_none());
        match missing {
            Some(Parameter { name, .. }) => Err(Wrong::new(
                name,
                &"".into(),
                format!("The `{name}` query parameter can not be empty"),
            )),
            None => Ok(()),
        }
    }

    fn check_body(&self, call: &Call) -> Result<(), Wrong> {
        let kind = call.content_type();
        if self.body.is_empty() {
            return if call.body.is_empty() {
                Ok(())
            } else {
                Err(Wrong::of_request("The request must not have a body."))
            };
        }
        let Some((_, schema)) = self.body.iter().find(|(known, _)| *known == kind) else {
            let kinds: Vec<&str> = self.body.iter().map(|(kind, _)| kind.as_str()).collect();
            return Err(Wrong::of_request(&format!(
                "Requests with bodies must have content-type of {}.",
                kinds.join(" or ")
            )));
        };
        if kind == "multipart/form-data" {
            return check_parts(call, schema);
        }
        match call.json() {
            Some(body) => schema.check("$", body),
            None => Err(Wrong::of_request("The request body is not valid JSON.")),
        }
    }
}

impl Parameter {
    /// X speaks of query parameters also where it means the path.
    fn check(&self, value: &str, also_old: bool) -> Result<(), Wrong> {
        let name = &self.name;
        let refuse = |item: &str, wrong: String| {
            Err(Wrong::new(
                name,
                &value.into(),
                format!("The `{name}` query parameter value [{item}] {wrong}"),
            ))
        };
        let item_is_good = |schema: &Schema, item: &str| match schema {
            Schema::Text(text) if !text.choices.is_empty() => {
                let is_old = also_old && OLD_VALUES.contains(&item);
                if is_old || text.choices.iter().any(|choice| choice == item) {
                    Ok(())
                } else {
                    refuse(item, format!("is not one of [{}]", text.choices.join(",")))
                }
            }
            Schema::Text(text) => text
                .check(item)
                .or_else(|_| refuse(item, "is not valid".into())),
            Schema::Integer(least, most) => match item.parse::<i64>() {
                Err(_) => refuse(item, "is not valid".into()),
                Ok(number) if !(*least..=*most).contains(&number) => {
                    refuse(item, format!("is not between {least} and {most}"))
                }
                Ok(_) => Ok(()),
            },
            _ => Ok(()),
        };
        match &self.schema {
            Schema::List {
                least, most, item, ..
            } => {
                let items: Vec<&str> = value.split(',').collect();
                if !(*least..=*most).contains(&items.len()) {
                    return Err(Wrong::new(
                        name,
                        &value.into(),
                        format!(
                            "The number of values in the `{name}` query parameter list is not between {least} and {most}"
                        ),
                    ));
                }
                items.iter().try_for_each(|each| item_is_good(item, each))
            }
            schema => item_is_good(schema, value),
        }
    }
}

/// A form says what JSON would: numbers as digits, bytes as they are.
fn check_parts(call: &Call, schema: &Schema) -> Result<(), Wrong> {
    let (Some(parts), Schema::Object { members, .. }) = (call.parts(), schema) else {
        return Err(Wrong::of_request("The request body is not a valid form."));
    };
    let mut object = serde_json::Map::new();
    for part in parts {
        let value = match members.get(&part.name) {
            Some(Schema::Bytes) => Value::String(String::new()),
            Some(Schema::Integer(..)) => match part.text(&call.body).parse::<i64>() {
                Ok(number) => number.into(),
                Err(_) => part.text(&call.body).into(),
            },
            _ => part.text(&call.body).into(),
        };
        if object.insert(part.name.clone(), value).is_some() {
            return Err(Wrong::of_request(&format!(
                "The part [{}] is there twice.",
                part.name
            )));
        }
    }
    schema.check("$", &object.into())
}
