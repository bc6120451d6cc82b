//! The schemas of what is read and what is written.
//!
//! The two differ: a field that may be left out of a request may also be null there, while an answer either always has
//! a field, perhaps with null, or leaves it out and never says null.

use crate::http::route::Description;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

const PATH: &str = "/components/schemas";

/// Collects the schemas of the document.
pub struct Schemas {
    read: SchemaGenerator,
    written: SchemaGenerator,
}

impl Schemas {
    /// None yet.
    pub fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = PATH.into();
            settings.meta_schema = None;
        });
        Self {
            read: settings
                .clone()
                .for_deserialize()
                .with_transform(RecursiveTransform(no_null_defaults))
                .with_transform(RecursiveTransform(plain_enum))
                .into_generator(),
            written: settings
                .for_serialize()
                .with_transform(RecursiveTransform(absent_is_not_null))
                .with_transform(RecursiveTransform(plain_enum))
                .into_generator(),
        }
    }

    /// The schema of a body that is read.
    pub fn body(&mut self, body: Description) -> Value {
        body.schema(&mut self.read).to_value()
    }

    /// The schema of a body that is written.
    pub fn answered(&mut self, body: Description) -> Value {
        body.schema(&mut self.written).to_value()
    }

    /// The schema of a type that is written.
    pub fn answer<T: JsonSchema>(&mut self) -> Value {
        self.written.subschema_for::<T>().to_value()
    }

    /// The query parameters that are the fields of a type.
    pub fn parameters(&mut self, asked: Description) -> Vec<Value> {
        let schema = self.body(asked);
        let name = schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|path| path.rsplit('/').next())
            .unwrap_or_default();
        // The fields are shown one by one; the type itself is nothing that anybody sends.
        let Some(Value::Object(mut whole)) = self.read.definitions_mut().remove(name) else {
            return Vec::new();
        };
        let Some(Value::Object(fields)) = whole.remove("properties") else {
            return Vec::new();
        };
        fields
            .into_iter()
            .map(|(name, mut schema)| {
                without_null(&mut schema);
                let description = schema
                    .as_object_mut()
                    .and_then(|schema| schema.remove("description"));
                json!({ "name": name, "in": "query", "description": description, "schema": schema })
            })
            .collect()
    }

    /// All of them, by name.
    pub fn take(&mut self) -> Map<String, Value> {
        let mut all = self.written.take_definitions(true);
        for (name, schema) in self.read.take_definitions(true) {
            // A type that is both read and written looks the same both ways, or must be two types.
            debug_assert!(
                all.get(&name).is_none_or(|other| *other == schema),
                "{name}"
            );
            all.insert(name, schema);
        }
        all
    }
}

fn absent_is_not_null(schema: &mut Schema) {
    let required = schema.get("required").cloned().unwrap_or_default();
    let is_required = |name: &str| {
        required
            .as_array()
            .is_some_and(|names| names.iter().any(|one| one == name))
    };
    if let Some(Value::Object(fields)) = schema.get_mut("properties") {
        for (_, field) in fields.iter_mut().filter(|(name, _)| !is_required(name)) {
            without_null(field);
        }
    }
}

// That a field may be left out is said by `required`.
fn no_null_defaults(schema: &mut Schema) {
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
}

// A choice of described constants becomes an `enum`, which every generator of clients understands, and a list in the
// description.
fn plain_enum(schema: &mut Schema) {
    let Some(choices) = schema.get("oneOf").and_then(Value::as_array) else {
        return;
    };
    let words: Vec<Value> = choices
        .iter()
        .filter_map(|choice| choice.get("const").cloned())
        .collect();
    if words.len() != choices.len() || !words.iter().all(Value::is_string) {
        return;
    }
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut description = text(schema.get("description"));
    for choice in choices {
        let (word, meaning) = (text(choice.get("const")), text(choice.get("description")));
        // Writing into a String does not fail.
        let _ = write!(description, "\n- `{word}`: {meaning}");
    }
    let description = description.replacen("\n- ", "\n\n- ", 1);
    schema.remove("oneOf");
    schema.insert("type".to_owned(), "string".into());
    schema.insert("enum".to_owned(), words.into());
    schema.insert("description".to_owned(), description.into());
}

/// The schema without its null.
fn without_null(schema: &mut Value) {
    let Value::Object(fields) = schema else {
        return;
    };
    if let Some(Value::Array(types)) = fields.get_mut("type") {
        types.retain(|one| one != "null");
        if let [one] = types.as_slice() {
            let one = one.clone();
            fields.insert("type".to_owned(), one);
        }
    }
    if let Some(Value::Array(mut choices)) = fields.remove("anyOf") {
        choices.retain(|choice| *choice != json!({ "type": "null" }));
        match choices.as_slice() {
            [Value::Object(one)] => fields.extend(one.clone()),
            _ => {
                fields.insert("anyOf".to_owned(), choices.into());
            }
        }
    }
    if fields.get("default").is_some_and(Value::is_null) {
        fields.remove("default");
    }
}
