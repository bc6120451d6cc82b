//! `DELETE /2/tweets/{id}` (<https://docs.x.com/x-api/posts/delete-post>).

use super::api::{Api, unreachable};
use super::ask::{Answered, Ask, Refusal};

/// Deletes a post of the account. Repeating it is harmless: of one that is gone X says so, or that there is none.
///
/// # Errors
/// Why X did not, or did not say that it did; `x_not_found` when there is no such post.
pub async fn post(api: &Api<'_>, id: &str) -> Result<Answered, Refusal> {
    let path = format!("/2/tweets/{id}");
    let answered = Ask::delete(&path).of(api).await?;
    let is_deleted = answered.body.pointer("/data/deleted");
    if is_deleted.and_then(serde_json::Value::as_bool) == Some(true) {
        return Ok(answered);
    }
    let why = unreachable("X answered without saying that the post is deleted.".to_owned());
    Err(Refusal::of(why))
}

/// Whether X says that there is no such post. A 404 that is not in X's words may come from something in front of it.
#[must_use]
pub fn is_gone(refusal: &Refusal) -> bool {
    refusal.status == Some(404) && refusal.why.upstream.is_some()
}

#[cfg(test)]
mod tests {
    use super::{is_gone, post};
    use crate::platforms::x::api::{Api, Credentials};
    use crate::platforms::x::fake::{Fake, Still, config, json};
    use secrecy::SecretString;

    async fn said(status: u16, body: &'static str) -> &'static str {
        let fake = Fake::new(move |_| json(status, body));
        let (config, credentials) = (config(), Credentials::Bearer(SecretString::from("token")));
        let api = Api {
            http: &fake,
            config: &config,
            credentials: &credentials,
            clock: &Still,
            random: &Still,
        };
        match post(&api, "1").await {
            Ok(_) => "done",
            Err(refusal) if is_gone(&refusal) => "gone",
            Err(_) => "again",
        }
    }

    #[tokio::test]
    async fn only_xs_own_word_is_believed() {
        for (status, body, expected) in [
            (200, r#"{"data":{"deleted":true}}"#, "done"),
            (200, r#"{"data":{"deleted":false}}"#, "again"),
            (200, "", "again"),
            (
                404,
                r#"{"title":"Not Found","detail":"There is none."}"#,
                "gone",
            ),
            (404, "<html>Not found</html>", "again"),
            (
                403,
                r#"{"title":"Forbidden","detail":"Not yours."}"#,
                "again",
            ),
        ] {
            assert_eq!(said(status, body).await, expected, "{status} {body}");
        }
    }
}
