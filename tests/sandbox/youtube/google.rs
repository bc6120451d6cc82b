//! Refusals of the Data API, in Google's form (<https://developers.google.com/youtube/v3/docs/errors>).

use serde_json::{Value, json};

use super::answer::{Answer, answer};

const TYPE: (&str, &str) = ("content-type", "application/json; charset=UTF-8");

pub fn json(status: u16, body: &Value) -> Answer {
    // Google prints for people, and clients meet that.
    let text = serde_json::to_string_pretty(body).expect("JSON");
    answer(
        status,
        &[TYPE, ("vary", "Origin, X-Origin, Referer")],
        text + "\n",
    )
}

pub fn key_missing() -> Answer {
    let message = "Method doesn't allow unregistered callers (callers without established identity). Please use API Key \
                   or other form of API consumer identity to call this API.";
    let error = json!({"message": message, "domain": "global", "reason": "forbidden"});
    refused(403, message, &error, Some("PERMISSION_DENIED"), None)
}

pub fn key_invalid() -> Answer {
    let message = "API key not valid. Please pass a valid API key.";
    let error = json!({"message": message, "domain": "global", "reason": "badRequest"});
    let details = json!([
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "API_KEY_INVALID",
            "domain": "googleapis.com",
            "metadata": {"service": "youtube.googleapis.com"},
        },
        {
            "@type": "type.googleapis.com/google.rpc.LocalizedMessage",
            "locale": "en-US",
            "message": message,
        },
    ]);
    refused(
        400,
        message,
        &error,
        Some("INVALID_ARGUMENT"),
        Some(details),
    )
}

pub fn api_disabled() -> Answer {
    let message = "YouTube Data API v3 has not been used in project 123456789012 before or it is disabled. Enable it by \
                   visiting https://console.developers.google.com/apis/api/youtube.googleapis.com/overview?project=123456789012 \
                   then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our \
                   systems and retry.";
    let error = json!({
        "message": message,
        "domain": "usageLimits",
        "reason": "accessNotConfigured",
        "extendedHelp": "https://console.developers.google.com",
    });
    let details = json!([{
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "SERVICE_DISABLED",
        "domain": "googleapis.com",
        "metadata": {"service": "youtube.googleapis.com", "consumer": "projects/123456789012"},
    }]);
    refused(
        403,
        message,
        &error,
        Some("PERMISSION_DENIED"),
        Some(details),
    )
}

pub fn quota_exceeded() -> Answer {
    let message = "The request cannot be completed because you have exceeded your \
                   <a href=\"/youtube/v3/getting-started#quota\">quota</a>.";
    let error = json!({"message": message, "domain": "youtube.quota", "reason": "quotaExceeded"});
    refused(403, message, &error, None, None)
}

pub fn unknown_parameter(name: &str) -> Answer {
    let message = format!(
        "Invalid JSON payload received. Unknown name \"{name}\": Cannot bind query parameter. Field '{name}' could not \
         be found in request message."
    );
    let error = json!({"message": message, "reason": "invalid"});
    let details = json!([{
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [{"description": message}],
    }]);
    refused(
        400,
        &message,
        &error,
        Some("INVALID_ARGUMENT"),
        Some(details),
    )
}

pub fn part_missing() -> Answer {
    let message = "Required parameter: part";
    let error = json!({
        "message": message,
        "domain": "global",
        "reason": "required",
        "location": "part",
        "locationType": "parameter",
    });
    refused(400, message, &error, None, None)
}

pub fn unknown_part(part: &str) -> Answer {
    located(
        400,
        &format!("'{part}'"),
        "youtube.part",
        "unknownPart",
        "part",
    )
}

pub fn no_filter(expected: &str) -> Answer {
    let message = format!("No filter selected. Expected one of: {expected}");
    let error = json!({
        "message": message,
        "domain": "youtube.parameter",
        "reason": "missingRequiredParameter",
        "location": "parameters.",
        "locationType": "other",
    });
    refused(400, &message, &error, None, None)
}

pub fn invalid_filters(location: &str) -> Answer {
    let message = "The request specifies an invalid filter parameter.";
    located(
        400,
        message,
        "youtube.parameter",
        "invalidFilters",
        location,
    )
}

pub fn out_of_range(name: &str, value: &str, range: (u32, u32)) -> Answer {
    let message = format!(
        "Invalid value '{value}'. Values must be within the range: [{}, {}]",
        range.0, range.1
    );
    located(400, &message, "global", "invalidParameter", name)
}

pub fn invalid_page_token() -> Answer {
    let message = "The request specifies an invalid page token.";
    located(
        400,
        message,
        "youtube.parameter",
        "invalidPageToken",
        "pageToken",
    )
}

pub fn playlist_not_found() -> Answer {
    let message = "The playlist identified with the request's <code>playlistId</code> parameter cannot be found.";
    located(
        404,
        message,
        "youtube.playlistItem",
        "playlistNotFound",
        "playlistId",
    )
}

pub fn no_such_method() -> Answer {
    let error = json!({"message": "Not Found", "domain": "global", "reason": "notFound"});
    refused(404, "Not Found", &error, None, None)
}

fn located(status: u16, message: &str, domain: &str, reason: &str, location: &str) -> Answer {
    let error = json!({
        "message": message,
        "domain": domain,
        "reason": reason,
        "location": location,
        "locationType": "parameter",
    });
    refused(status, message, &error, None, None)
}

fn refused(
    code: u16,
    message: &str,
    error: &Value,
    status: Option<&str>,
    details: Option<Value>,
) -> Answer {
    let mut body = json!({"code": code, "message": message, "errors": [error]});
    if let Some(status) = status {
        body["status"] = status.into();
    }
    if let Some(details) = details {
        body["details"] = details;
    }
    json(code, &json!({"error": body}))
}
