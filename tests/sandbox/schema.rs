//! Schemas of the document as Rust values, and the check of a JSON value against one.
//!
//! Knows what the operations in `spec/openapi.json` use and panics on anything else, so that a new one is not checked
//! by half. Stricter than the document in one thing: no object takes members that it does not name, also where the
//! document leaves `additionalProperties` open. The messages are those of X's validator, as seen live
//! (<https://github.com/plhery/node-twitter-api-v2/issues/583>).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{answer::Answer, instants, refusals::invalid_request};

/// What a value must be.
#[derive(Debug)]
pub enum Schema {
    /// An object that the document says nothing more of.
    Any,
    Text(Text),
    Flag,
    Number,
    Integer(i64, i64),
    /// Raw in multipart, base64 in JSON.
    Bytes,
    List {
        least: usize,
        most: usize,
        is_set: bool,
        item: Box<Schema>,
    },
    Object {
        members: BTreeMap<String, Schema>,
        required: Vec<String>,
        /// At least one of these must be there, if there are any.
        one_of: Vec<String>,
    },
}

#[derive(Debug)]
pub struct Text {
    pattern: Option<Pattern>,
    /// In characters.
    length: (usize, usize),
    pub choices: Vec<String>,
    is_instant: bool,
}

/// `^[class]{least,most}$`, the one form that the document's patterns have.
#[derive(Debug)]
struct Pattern {
    written: String,
    class: Vec<(char, char)>,
    length: (usize, usize),
}

/// What is wrong with a request, as X says it.
#[derive(Debug)]
pub struct Wrong {
    parameters: Value,
    pub message: String,
}

impl Wrong {
    pub fn new(at: &str, value: &Value, message: String) -> Self {
        let mut parameters = Map::new();
        parameters.insert(at.into(), json!([shown_as(value)]));
        Self {
            parameters: parameters.into(),
            message,
        }
    }

    pub fn of_request(message: &str) -> Self {
        Self {
            parameters: json!({}),
            message: message.into(),
        }
    }

    pub fn answer(&self) -> Answer {
        invalid_request(&self.parameters, &self.message)
    }
}

impl Schema {
    /// `schemas` are those of the document, for references.
    pub fn compile(written: &Value, schemas: &Value) -> Self {
        if let Some(name) = written["$ref"].as_str() {
            return Self::compile(&schemas[name], schemas);
        }
        let number = |name: &str, none: i64| written[name].as_i64().unwrap_or(none);
        let count = |name: &str, none: usize| {
            let given = written[name].as_u64();
            given.map_or(none, |count| usize::try_from(count).expect("small"))
        };
        match written["type"].as_str() {
            Some("string") => Self::Text(Text {
                pattern: written["pattern"].as_str().map(Pattern::compile),
                length: (count("minLength", 0), count("maxLength", usize::MAX)),
                choices: names(&written["enum"]),
                is_instant: written["format"] == "date-time",
            }),
            Some("boolean") => Self::Flag,
            Some("number") => Self::Number,
            Some("integer") => {
                Self::Integer(number("minimum", i64::MIN), number("maximum", i64::MAX))
            }
            Some("array") => Self::List {
                least: count("minItems", 0),
                most: count("maxItems", usize::MAX),
                is_set: written["uniqueItems"] == true,
                item: Box::new(Self::compile(&written["items"], schemas)),
            },
            Some("object") => match written["properties"].as_object() {
                Some(members) if !members.is_empty() => Self::Object {
                    members: members
                        .iter()
                        .map(|(name, member)| (name.clone(), Self::compile(member, schemas)))
                        .collect(),
                    required: names(&written["required"]),
                    one_of: alternatives(&written["anyOf"]),
                },
                _ => Self::Any,
            },
            None if written["anyOf"][0]["format"] == "binary" => Self::Bytes,
            _ => panic!("the document has a schema that nothing here checks: {written}"),
        }
    }

    /// # Errors
    /// What X says of the first thing that does not fit.
    pub fn check(&self, at: &str, value: &Value) -> Result<(), Wrong> {
        let refuse = |wrong: String| Err(Wrong::new(at, value, format!("{at}: {wrong}")));
        let wrong_type =
            |expected: &str| refuse(format!("{} found, {expected} expected", name(value)));
        match self {
            Self::Any if !value.is_object() => wrong_type("object"),
            Self::Flag if !value.is_boolean() => wrong_type("boolean"),
            Self::Number if !value.is_number() => wrong_type("number"),
            Self::Bytes if !value.is_string() => wrong_type("string"),
            Self::Any | Self::Flag | Self::Number | Self::Bytes => Ok(()),
            Self::Text(text) => match value.as_str() {
                None => wrong_type("string"),
                Some(given) => text.check(given).or_else(refuse),
            },
            Self::Integer(least, most) => match value.as_i64() {
                None => wrong_type("integer"),
                Some(number) if number < *least => {
                    refuse(format!("must have a minimum value of {least}"))
                }
                Some(number) if number > *most => {
                    refuse(format!("must have a maximum value of {most}"))
                }
                Some(_) => Ok(()),
            },
            Self::List {
                least,
                most,
                is_set,
                item,
            } => match value.as_array() {
                None => wrong_type("array"),
                Some(items) if items.len() < *least => refuse(format!(
                    "there must be a minimum of {least} items in the array"
                )),
                Some(items) if items.len() > *most => refuse(format!(
                    "there must be a maximum of {most} items in the array"
                )),
                Some(items) if *is_set && has_twins(items) => {
                    refuse("the items in the array must be unique".into())
                }
                Some(items) => items
                    .iter()
                    .enumerate()
                    .try_for_each(|(index, each)| item.check(&format!("{at}[{index}]"), each)),
            },
            Self::Object {
                members,
                required,
                one_of,
            } => match value.as_object() {
                None => wrong_type("object"),
                Some(object) => check_members(at, object, members, required, one_of),
            },
        }
    }
}

impl Text {
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, given: &str) -> Result<(), String> {
        let length = given.chars().count();
        if let Some(pattern) = self.pattern.as_ref().filter(|pattern| !pattern.fits(given)) {
            Err(format!(
                "does not match the regex pattern {}",
                pattern.written
            ))
        } else if !self.choices.is_empty() && !self.choices.iter().any(|choice| choice == given) {
            let choices = self.choices.join(", ");
            Err(format!(
                "does not have a value in the enumeration [{choices}]"
            ))
        } else if length < self.length.0 {
            Err(format!(
                "must be at least {} characters long",
                self.length.0
            ))
        } else if length > self.length.1 {
            Err(format!("may only be {} characters long", self.length.1))
        } else if self.is_instant && instants::parse(given).is_none() {
            Err("is not a date-time".into())
        } else {
            Ok(())
        }
    }
}

impl Pattern {
    fn compile(written: &str) -> Self {
        let parts = written
            .strip_prefix("^[")
            .and_then(|rest| rest.strip_suffix("}$"))
            .and_then(|rest| rest.split_once("]{"));
        let (class, length) = parts.unwrap_or_else(|| panic!("cannot read the pattern {written}"));
        let (least, most) = length.split_once(',').unwrap_or((length, length));
        let mut ranges = Vec::new();
        let mut left = class.chars().peekable();
        while let Some(from) = left.next() {
            let to = match left.next_if_eq(&'-') {
                Some(_) => left.next().expect("the end of a range"),
                None => from,
            };
            ranges.push((from, to));
        }
        Self {
            written: written.into(),
            class: ranges,
            length: (
                least.parse().expect("a length"),
                most.parse().expect("a length"),
            ),
        }
    }

    fn fits(&self, given: &str) -> bool {
        let is_in = |c: char| {
            self.class
                .iter()
                .any(|(from, to)| (*from..=*to).contains(&c))
        };
        (self.length.0..=self.length.1).contains(&given.chars().count()) && given.chars().all(is_in)
    }
}

fn check_members(
    at: &str,
    object: &Map<String, Value>,
    members: &BTreeMap<String, Schema>,
    required: &[String],
    one_of: &[String],
) -> Result<(), Wrong> {
    for (name, value) in object {
        let at = format!("{at}.{name}");
        let Some(schema) = members.get(name) else {
            let message = format!(
                "{at}: is not defined in the schema and the schema does not allow additional properties"
            );
            return Err(Wrong::new(&at, value, message));
        };
        schema.check(&at, value)?;
    }
    let missing = required.iter().find(|name| !object.contains_key(*name));
    let none_of = !one_of.is_empty() && !one_of.iter().any(|name| object.contains_key(name));
    match missing.or_else(|| one_of.first().filter(|_| none_of)) {
        Some(name) => Err(missing_member(at, &Value::Object(object.clone()), name)),
        None => Ok(()),
    }
}

pub fn missing_member(at: &str, object: &Value, name: &str) -> Wrong {
    Wrong::new(
        at,
        object,
        format!("{at}.{name}: is missing but it is required"),
    )
}

pub fn is_id(text: &str) -> bool {
    (1..=19).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

fn alternatives(any_of: &Value) -> Vec<String> {
    let each = any_of.as_array().into_iter().flatten();
    each.flat_map(|one| names(&one["required"])).collect()
}

fn names(list: &Value) -> Vec<String> {
    let each = list.as_array().into_iter().flatten();
    each.map(|name| name.as_str().expect("a name").to_owned())
        .collect()
}

fn has_twins(items: &[Value]) -> bool {
    (1..items.len()).any(|index| items[..index].contains(&items[index]))
}

/// `parameters` holds strings only.
fn shown_as(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
