//! SQL values and errors, between the ports and JavaScript.

use crate::ports::{StorageError, Value};
use worker::wasm_bindgen::JsValue;

/// Messages of D1 after which the same statement may work
/// (<https://developers.cloudflare.com/d1/observability/debug-d1/>).
const TRANSIENT: [&str; 7] = [
    "Network connection lost",
    "storage caused object to be reset",
    "reset because its code was updated",
    "transient issue",
    "overloaded",
    "timeout",
    "Internal error",
];

/// A parameter. A number is a double, exact to 2^53: the SDK's integer type has 32 bits.
#[expect(
    clippy::cast_precision_loss,
    reason = "D1 carries integers as doubles; the port promises 53 bits"
)]
pub fn parameter(value: Value) -> JsValue {
    match value {
        Value::Null => JsValue::NULL,
        Value::Integer(number) => JsValue::from_f64(number as f64),
        Value::Text(text) => JsValue::from_str(&text),
    }
}

/// Sorts an error by its text, the only thing that D1 and a Durable Object give.
pub fn error(error: &worker::Error) -> StorageError {
    let text = match error {
        worker::Error::D1(error) => error.cause(),
        other => other.to_string(),
    };
    if text.contains("constraint") || text.contains("SQLITE_CONSTRAINT") {
        // What a trigger raises is reported as a constraint too; none of the schema's own is one.
        if text.contains("SQLITE_CONSTRAINT_TRIGGER") {
            return StorageError::Transient(text);
        }
        return StorageError::Constraint(text);
    }
    if TRANSIENT.iter().any(|known| text.contains(known)) {
        return StorageError::Transient(text);
    }
    StorageError::Failed(text)
}
