//! Whatever a body is, the answer is a problem that names what is wrong, and nothing happens.

mod extremes;
mod fields;
mod reading;

use super::schema::Schemas;
use super::{Asked, Ground, name, problem, with_body};
use crate::support::Answer;
use serde_json::Value;

/// What stands for a secret: no answer may show it.
const SECRET: &str = "correct horse";

/// A good request to each route with a body, and the schema of that body.
struct Case<'d> {
    what: String,
    good: Asked,
    schema: &'d Value,
    optional: bool,
}

async fn cases<'d>(
    ground: &Ground,
    document: &'d Value,
    schemas: &'d Schemas<'d>,
) -> Vec<Case<'d>> {
    let mut cases = Vec::new();
    for route in with_body() {
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        let body = &operation["requestBody"];
        cases.push(Case {
            what: name(&route),
            good: ground.good(&route).await,
            schema: schemas.resolve(&body["content"]["application/json"]["schema"]),
            optional: body["required"] == false,
        });
    }
    cases
}

impl Case<'_> {
    /// The good body with something else in one field.
    fn with(&self, field: &str, value: Value) -> Asked {
        let mut body = self.good.value();
        body[field] = value;
        self.good.clone().json(&body)
    }

    fn fields(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.schema["properties"].as_object().unwrap().iter()
    }
}

/// Asks, and sees that it is refused so and that nothing happens.
async fn refused(ground: &Ground, what: &str, asked: Asked, status: u16, code: &str) -> Answer {
    let before = ground.traces();
    let answer = ground.send(asked).await;
    problem(what, &answer, status, code);
    assert!(
        !answer.json.to_string().contains(SECRET),
        "{what}: {}",
        answer.json
    );
    assert_eq!(ground.traces(), before, "{what}");
    answer
}
