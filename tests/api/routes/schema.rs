//! Just enough of JSON Schema to hold answers to the document. A keyword that it does not know stops the test.

use serde_json::Value;

/// The schemas of a document.
pub struct Schemas<'d>(&'d Value);

impl<'d> Schemas<'d> {
    pub const fn of(document: &'d Value) -> Self {
        Self(document)
    }

    /// Stops the test unless the value fits the schema.
    #[track_caller]
    pub fn check(&self, what: &str, schema: &Value, value: &Value) {
        let mut wrong = Vec::new();
        self.walk("", schema, value, &mut wrong);
        assert!(wrong.is_empty(), "{what}: {wrong:#?} in {value:#}");
    }

    /// The schema that a reference leads to; itself when it is none.
    pub fn resolve<'s>(&'s self, schema: &'s Value) -> &'s Value {
        match schema["$ref"].as_str() {
            Some(path) => self
                .0
                .pointer(path.strip_prefix('#').unwrap())
                .unwrap_or_else(|| panic!("{path} leads nowhere")),
            None => schema,
        }
    }

    pub fn fits(&self, schema: &Value, value: &Value) -> bool {
        let mut wrong = Vec::new();
        self.walk("", schema, value, &mut wrong);
        wrong.is_empty()
    }

    fn walk(&self, at: &str, schema: &Value, value: &Value, wrong: &mut Vec<String>) {
        let Some(keywords) = schema.as_object() else {
            assert_eq!(*schema, true, "{at}: no schema");
            return;
        };
        let mut refuse = |why: String| wrong.push(format!("{at}: {why}"));
        let mut deeper = Vec::new();
        for (keyword, rule) in keywords {
            match keyword.as_str() {
                "$ref" => deeper.push((at.to_owned(), self.resolve(schema), value)),
                "type" => {
                    let types = rule.as_array().cloned().unwrap_or(vec![rule.clone()]);
                    if !types.iter().any(|one| is(one.as_str().unwrap(), value)) {
                        refuse(format!("{value} is no {rule}"));
                    }
                }
                "const" if rule != value => refuse(format!("{value} is not {rule}")),
                "enum" if !rule.as_array().unwrap().contains(value) => {
                    refuse(format!("{value} is none of {rule}"));
                }
                "anyOf" | "oneOf" => {
                    let mut choices = rule.as_array().unwrap().iter();
                    if !choices.any(|choice| self.fits(choice, value)) {
                        refuse(format!("{value} fits none of {rule}"));
                    }
                }
                "required" => {
                    for name in rule.as_array().unwrap() {
                        if value.get(name.as_str().unwrap()).is_none() {
                            refuse(format!("{name} is missing"));
                        }
                    }
                }
                "dependentRequired" => {
                    for (name, with) in rule.as_object().unwrap() {
                        let mut with = with.as_array().unwrap().iter();
                        let given = |name: &str| value.get(name).is_some_and(|one| !one.is_null());
                        if given(name) && with.any(|other| !given(other.as_str().unwrap())) {
                            refuse(format!("{name} is there without its others"));
                        }
                    }
                }
                "properties" => {
                    for (name, inner) in value.as_object().into_iter().flatten() {
                        match rule.get(name) {
                            Some(schema) => deeper.push((format!("{at}/{name}"), schema, inner)),
                            // An answer may grow, but the document says when it has.
                            None => refuse(format!("{name} is not in the document")),
                        }
                    }
                }
                "items" => {
                    let items = value.as_array().into_iter().flatten().enumerate();
                    deeper
                        .extend(items.map(|(index, inner)| (format!("{at}/{index}"), rule, inner)));
                }
                "format" if rule == "date-time" => {
                    let read = value.as_str().map(chrono::DateTime::parse_from_rfc3339);
                    if !value.is_null() && !matches!(read, Some(Ok(_))) {
                        refuse(format!("{value} is no instant"));
                    }
                }
                "pattern" => {
                    let text = value.as_str();
                    if text.is_some_and(|text| !matches(rule.as_str().unwrap(), text)) {
                        refuse(format!("{value} does not match {rule}"));
                    }
                }
                // These bind numbers alone.
                "minimum" | "maximum" if !value.is_number() => {}
                "minimum" if value.as_f64() < rule.as_f64() => refuse(format!("{value} < {rule}")),
                "maximum" if value.as_f64() > rule.as_f64() => refuse(format!("{value} > {rule}")),
                "const"
                | "enum"
                | "minimum"
                | "maximum"
                | "format"
                | "description"
                | "examples"
                | "default"
                | "additionalProperties"
                | "minLength"
                | "maxLength"
                | "minItems"
                | "maxItems"
                | "uniqueItems"
                | "title" => {}
                other => panic!("{at}: {other} is a keyword that this test does not know"),
            }
        }
        for (at, schema, value) in deeper {
            self.walk(&at, schema, value, wrong);
        }
    }
}

/// Whether a text matches one of the patterns that the document has: a cursor's, a number of X's and an id's.
fn matches(pattern: &str, text: &str) -> bool {
    if pattern == "^[A-Za-z0-9_-]+$" {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
        return !text.is_empty() && text.bytes().all(fits);
    }
    for (given, prefix, length) in [
        ("^[A-Za-z0-9_-]{11}$", "", 11),
        ("^UC[A-Za-z0-9_-]{22}$", "UC", 22),
    ] {
        if pattern == given {
            let fits = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
            let rest = text.strip_prefix(prefix);
            return rest.is_some_and(|rest| rest.len() == length && rest.bytes().all(fits));
        }
    }
    if pattern == "^[0-9]{1,19}$" {
        return (1..=19).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    }
    let kind = pattern
        .strip_prefix('^')
        .and_then(|rest| rest.strip_suffix("_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"))
        .unwrap_or_else(|| panic!("{pattern} is a pattern that this test does not know"));
    let Some(uuid) = text
        .strip_prefix(kind)
        .and_then(|rest| rest.strip_prefix('_'))
    else {
        return false;
    };
    let hex = |part: &str| {
        part.bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let lengths: Vec<_> = uuid.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && uuid.split('-').all(hex)
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type"),
    }
}
