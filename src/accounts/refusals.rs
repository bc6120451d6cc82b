//! What a platform's refusal is to a caller of the API: the one place where refusals become errors.

use crate::config::Config;
use crate::error::{Error, Kind};
use crate::platforms::x::ask::Refusal;
use crate::platforms::x::limits::WINDOW_MS;
use crate::platforms::{Class, NotSent};
use crate::time::{SECOND_MS, Timestamp};

/// The code of a scope that was not granted. Not `missing_scope`, which is about the caller's API key.
pub const MISSING_SCOPE_AT_X: &str = "x_missing_scope";

/// A platform's refusal as an error of the API.
#[must_use]
pub fn refused(why: NotSent) -> Error {
    if why.code == "gate_unreachable" {
        return Error::unavailable(why.detail);
    }
    let code = stable(&why.code);
    let kind = match (code, why.class) {
        ("x_not_found", _) => Kind::NotFound,
        ("x_plan_forbids", _) => Kind::Forbidden,
        (_, Class::Transient) => Kind::Upstream,
        (_, Class::Operator) => Kind::Unavailable,
        (_, Class::Token | Class::Permanent) => Kind::Conflict,
    };
    Error {
        upstream: why.upstream,
        ..Error::new(kind, code, why.detail, why.remedy)
    }
}

/// The same of a call that an account made: of its windows, with when they open.
#[must_use]
pub fn refused_until(refusal: Refusal, now: Timestamp) -> Error {
    let error = refused(refusal.why);
    if !matches!(
        error.code,
        "app_limit" | "rate_limited" | "x_rate_limited" | "x_usage_capped"
    ) {
        return error;
    }
    let until = refusal.until.unwrap_or(now.plus_ms(WINDOW_MS));
    // Up, and at least a second: whoever comes back at that moment finds the window open.
    let seconds = (until.since(now) + SECOND_MS - 1).div_euclid(SECOND_MS);
    Error {
        kind: Kind::TooMany,
        retry_after_seconds: Some(u32::try_from(seconds.max(1)).unwrap_or(u32::MAX)),
        ..error
    }
}

/// The account has not granted these.
#[must_use]
pub fn missing_scopes(config: &Config, missing: &[&str]) -> Error {
    let asked = |scope: &&&str| config.x.extra_scopes.iter().any(|extra| extra == **scope);
    let posting = |scope: &&&str| crate::platforms::x::oauth::SCOPES.contains(scope);
    let unasked: Vec<&str> = missing
        .iter()
        .filter(|scope| !asked(scope) && !posting(scope))
        .copied()
        .collect();
    let first = if unasked.is_empty() {
        String::new()
    } else {
        format!(
            "The operator adds {} to X_SCOPES. Then: ",
            unasked.join(" ")
        )
    };
    Error::new(
        Kind::Conflict,
        MISSING_SCOPE_AT_X,
        format!(
            "X asks for a scope that this account has not granted: {}.",
            missing.join(", ")
        ),
        format!(
            "{first}connect the account again with POST /api/v1/connections/x/authorize, and agree to everything that the consent page lists."
        ),
    )
}

/// What an account that is only read lacks for `what`.
#[must_use]
pub fn app_only_cannot(what: &str) -> Error {
    Error::new(
        Kind::Conflict,
        "auth_mismatch",
        format!(
            "This account is connected app-only, which X lets read and not post. {what} needs OAuth 2.0 or 1.0a of that user."
        ),
        "Connect the account as its user with POST /api/v1/connections/x/authorize; it keeps its id.",
    )
}

// The codes of `platforms::x` and of the gate that can come here, as the `'static` words that an `Error` takes.
fn stable(code: &str) -> &'static str {
    const CODES: [&str; 27] = [
        "app_limit",
        "app_not_readable",
        "app_removed",
        "auth_mismatch",
        "x_callback_refused",
        "x_scope_refused",
        "code_refused",
        "grant_revoked",
        "rate_limited",
        "token_refused",
        "tokens_not_readable",
        "x_account_locked",
        "x_app_not_enrolled",
        "x_authentication_unsupported",
        "x_client_rejected",
        "x_credits_depleted",
        "x_forbidden",
        "x_misconfigured",
        "x_not_configured",
        "x_not_found",
        "x_plan_forbids",
        "x_rate_limited",
        "x_request_not_possible",
        "x_request_rejected",
        "x_spend_cap_reached",
        "x_unauthorized",
        "x_usage_capped",
    ];
    let known = CODES.into_iter().find(|known| *known == code);
    match code {
        // Said by X itself, where it does not name the scope.
        "missing_scope" => MISSING_SCOPE_AT_X,
        _ => known.unwrap_or("x_unreachable"),
    }
}

#[cfg(test)]
mod tests {
    use super::{refused, refused_until};
    use crate::error::Kind;
    use crate::platforms::x::ask::Refusal;
    use crate::platforms::{Class, NotSent};
    use crate::time::Timestamp;

    fn why(class: Class, code: &str) -> NotSent {
        NotSent::new(class, code, "what", "how")
    }

    #[test]
    fn each_refusal_has_its_status_and_code() {
        for (class, code, kind, expected) in [
            (
                Class::Permanent,
                "x_plan_forbids",
                Kind::Forbidden,
                "x_plan_forbids",
            ),
            (
                Class::Permanent,
                "x_not_found",
                Kind::NotFound,
                "x_not_found",
            ),
            (
                Class::Permanent,
                "x_request_rejected",
                Kind::Conflict,
                "x_request_rejected",
            ),
            (
                Class::Token,
                "missing_scope",
                Kind::Conflict,
                "x_missing_scope",
            ),
            (
                Class::Token,
                "x_account_locked",
                Kind::Conflict,
                "x_account_locked",
            ),
            (
                Class::Operator,
                "x_credits_depleted",
                Kind::Unavailable,
                "x_credits_depleted",
            ),
            (
                Class::Transient,
                "x_unreachable",
                Kind::Upstream,
                "x_unreachable",
            ),
            (
                Class::Transient,
                "gate_unreachable",
                Kind::Unavailable,
                "temporarily_unavailable",
            ),
            (
                Class::Transient,
                "something_new",
                Kind::Upstream,
                "x_unreachable",
            ),
        ] {
            let error = refused(why(class, code));
            assert_eq!((error.kind, error.code), (kind, expected), "{code}");
        }
    }

    #[test]
    fn a_closed_window_says_when_it_opens() {
        let now = Timestamp::from_millis(1_000_000);
        let seconds = |until: Option<i64>| {
            let refusal = Refusal {
                until: until.map(Timestamp::from_millis),
                ..Refusal::of(why(Class::Transient, "x_rate_limited"))
            };
            let error = refused_until(refusal, now);
            assert_eq!(error.kind, Kind::TooMany);
            error.retry_after_seconds
        };
        assert_eq!(seconds(Some(1_000_001)), Some(1));
        assert_eq!(seconds(Some(1_060_001)), Some(61));
        assert_eq!(seconds(Some(900_000)), Some(1), "it has opened meanwhile");
        assert_eq!(seconds(None), Some(900));
        let other = Refusal::of(why(Class::Permanent, "x_not_found"));
        assert_eq!(refused_until(other, now).retry_after_seconds, None);
    }
}
