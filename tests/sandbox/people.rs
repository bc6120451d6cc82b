//! The users of this X.

use serde::{Deserialize, Serialize};

/// A user. Ids start at 1001, in the order of registration.
#[derive(Clone, Debug, Serialize)]
pub struct User {
    pub id: u64,
    #[serde(flatten)]
    pub profile: Profile,
}

/// What `POST /_sandbox/users` takes.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// 1 to 15 letters, digits and underscores.
    pub username: String,
    pub name: String,
    #[serde(default = "none")]
    pub verified_type: String,
    /// `None`, `Basic`, `Premium` or `PremiumPlus`. The last two may write 25,000 characters.
    #[serde(default = "no_subscription")]
    pub subscription_type: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub protected: bool,
    #[serde(default)]
    pub followers: u32,
    #[serde(default)]
    pub following: u32,
}

fn none() -> String {
    "none".into()
}

fn no_subscription() -> String {
    "None".into()
}

impl Profile {
    pub fn new(username: &str, name: &str) -> Self {
        Self {
            username: username.into(),
            name: name.into(),
            verified_type: none(),
            subscription_type: no_subscription(),
            description: "A user of the sandbox.".into(),
            protected: false,
            followers: 0,
            following: 0,
        }
    }

    pub fn premium(username: &str, name: &str) -> Self {
        Self {
            verified_type: "blue".into(),
            subscription_type: "Premium".into(),
            ..Self::new(username, name)
        }
    }

    /// Who may edit, among other things.
    pub fn is_premium(&self) -> bool {
        matches!(self.subscription_type.as_str(), "Premium" | "PremiumPlus")
    }

    /// Premium and verified users post longer videos.
    pub fn has_longer_media(&self) -> bool {
        self.verified_type != "none" || self.is_premium()
    }

    /// The longest weighted length this user may post.
    pub fn longest_text(&self) -> usize {
        if self.is_premium() { 25_000 } else { 280 }
    }
}

#[derive(Debug)]
pub struct People(Vec<User>);

impl People {
    pub fn seeded() -> Self {
        let mut people = Self(Vec::new());
        for profile in [
            Profile::new("godwit_demo", "Godwit Demo"),
            Profile::new("second_bird", "Second Bird"),
            Profile::premium("long_bill", "Long Bill"),
        ] {
            people.add(profile).expect("the seeds are valid");
        }
        people
    }

    /// # Errors
    /// Why the profile cannot be registered.
    pub fn add(&mut self, profile: Profile) -> Result<&User, String> {
        let name = &profile.username;
        let valid = (1..=15).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !valid {
            return Err(format!("{name:?} is no username"));
        }
        if self.named(name).is_some() {
            return Err(format!("@{name} is taken"));
        }
        let id = 1001 + u64::try_from(self.0.len()).expect("few users");
        self.0.push(User { id, profile });
        Ok(self.0.last().expect("just pushed"))
    }

    /// The user of this name, in any case.
    pub fn named(&self, username: &str) -> Option<&User> {
        self.0
            .iter()
            .find(|user| user.profile.username.eq_ignore_ascii_case(username))
    }

    pub fn get(&self, id: u64) -> Option<&User> {
        self.0.iter().find(|user| user.id == id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &User> {
        self.0.iter()
    }
}
