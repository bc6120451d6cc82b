//! What is answered.

use crate::ids::AccountId;
use crate::platforms::x::engage::Engagement;
use schemars::JsonSchema;
use serde::Serialize;

/// How an account stands to a post.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Engagement")]
pub struct Engaged {
    /// The account.
    pub account_id: AccountId,
    /// What it is about.
    pub kind: Engagement,
    /// The post's id at X.
    #[schemars(extend("pattern" = "^[0-9]{1,19}$"))]
    pub external_id: String,
    /// The post.
    #[schemars(extend("format" = "uri"))]
    pub url: String,
    /// Whether the account does now like, show or keep it.
    pub active: bool,
}
