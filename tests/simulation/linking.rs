//! What people do with accounts: connect them, refresh their tokens, give them up; and with the app, which they pay for.

use super::people::People;
use super::town::{Account, OPERATOR};
use serde_json::{Value, json};

impl People {
    /// Gives an account up.
    pub async fn unlink(&self, at: usize) {
        let account = &self.town.accounts[at];
        let path = format!("/accounts/{}", account.id);
        self.unlinked.lock().unwrap().push(at);
        let answer = self
            .town
            .ask(account.workspace, "DELETE", &path, &[], None)
            .await;
        self.deed("unlink", answer.map(|answer| answer.status));
    }

    /// Pays for the app, and says so.
    pub async fn resume(&self) {
        let path = "/admin/queue/resume";
        let answer = self.town.ask(OPERATOR, "POST", path, &[], None).await;
        self.deed("resume", answer.map(|answer| answer.status));
    }

    /// Asks for new tokens.
    pub async fn refresh(&self, at: usize) {
        let account = &self.town.accounts[at];
        let path = format!("/accounts/{}/refresh", account.id);
        let answer = self
            .town
            .ask(account.workspace, "POST", &path, &[], None)
            .await;
        self.deed("refresh", answer.map(|answer| answer.status));
    }

    /// Connects an account (again), by the whole walk: authorize, the consent page, the callback.
    pub async fn connect(&self, at: usize) -> bool {
        let account = self.town.accounts[at].clone();
        let begun = self
            .town
            .ask(
                account.workspace,
                "POST",
                "/connections/x/authorize",
                &[],
                Some(&json!({})),
            )
            .await;
        let Some(begun) = begun.filter(|begun| begun.status == 200) else {
            self.deed("connect", None);
            return false;
        };
        let Some(callback) = self.consent(&account, &begun.json) else {
            return false;
        };
        let path = callback.split_once("/api/v1").unwrap().1.to_owned();
        let answer = self
            .town
            .ask(
                account.workspace,
                "GET",
                &path,
                &[("accept", "text/html")],
                None,
            )
            .await;
        self.deed("connect", answer.as_ref().map(|answer| answer.status));
        let done = answer.is_some_and(|answer| answer.status == 200);
        if done {
            self.unlinked.lock().unwrap().retain(|one| *one != at);
        }
        done
    }

    fn consent(&self, account: &Account, begun: &Value) -> Option<String> {
        let url = url::Url::parse(begun["authorization_url"].as_str()?).ok()?;
        let mut form: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        form.push(("username".to_owned(), account.username.to_owned()));
        form.push(("decision".to_owned(), "authorize".to_owned()));
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&form)
            .finish();
        let request = http::Request::builder()
            .method("POST")
            .uri("https://x.test/i/oauth2/authorize")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.into_bytes())
            .unwrap();
        let answer = self.town.network.carry_out(request).answer()?;
        Some(
            answer
                .headers()
                .get("location")?
                .to_str()
                .unwrap()
                .to_owned(),
        )
    }
}
