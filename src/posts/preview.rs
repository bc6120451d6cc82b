//! What a post would become on each account, and what it would cost. Nothing is sent and nothing is kept.
//!
//! What is wrong with the words is said of each target and is no error: a preview is asked for while somebody writes. What
//! is wrong with anything else is refused, as it is of a post.

use super::accept;
use super::compose::compose;
use super::targets::{self, Target};
use super::wording::{ThreadPart, Wording, worded};
use super::{files, fit};
use crate::app::App;
use crate::budgets::{self, Cost, Over, Prices, Scope, Standing, Usd};
use crate::error::{Error, FieldError};
use crate::ids::{AccountId, MediaId, WorkspaceId};
use crate::platforms::{Poll, ReplySettings};
use crate::publish::content::{Overflow, Segment, Written};
use crate::text::{self, Entities, Entity};
use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

worded! {
/// A post that somebody is writing.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("anyOf" = [{ "required": ["text"] }, { "required": ["thread"] }, { "required": ["media"] }]))]
pub struct PreviewRequest {
    /// The accounts that it may go to. Without any, it is looked at for each of `platforms`.
    #[serde(default)]
    #[schemars(with = "Option<Vec<AccountId>>", length(max = 50))]
    pub accounts: Option<Vec<String>>,
    /// The platforms that it may go to, as an ordinary account; `x` if neither accounts nor platforms are named.
    #[serde(default)]
    #[schemars(length(max = 10), extend("examples" = [["x"]]))]
    pub platforms: Option<Vec<String>>,
}
}

/// What a post would become.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Preview {
    /// One for each account, or platform.
    pub targets: Vec<PreviewTarget>,
}

/// What a post would become on one account.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PreviewTarget {
    /// The platform.
    pub platform: String,
    /// The account, where one was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// Whether it would be accepted, as far as can be known without asking the platform.
    pub valid: bool,
    /// The length of what was written as X counts it; of a thread, of its longest part.
    pub weighted_length: u32,
    /// The most that this account may post at once.
    pub limit: u32,
    /// What is left of it; below 0, by how much it is too long.
    pub remaining: i64,
    /// What X charges for all parts and media together.
    pub price_usd: Usd,
    /// Why it would not be accepted.
    pub errors: Vec<Notice>,
    /// What X may refuse or charge more for.
    pub warnings: Vec<Notice>,
    /// What in the text means something to X; of a thread, in its first part.
    pub entities: TextEntities,
    /// The parts that would be posted, in order. Of what would not be accepted, the parts as they were written.
    pub parts: Vec<PreviewPart>,
}

/// Something to know.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Notice {
    /// A stable code.
    pub code: &'static str,
    /// The field that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// The same for a person.
    pub detail: String,
}

/// One part that would be posted.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PreviewPart {
    /// What it says, in the form in which X counts it (NFC), which is what offsets are of.
    pub text: String,
    /// Its length as X counts it.
    pub weighted_length: u32,
    /// What X charges for it.
    pub price_usd: Usd,
    /// What in it means something to X.
    pub entities: TextEntities,
}

/// What in a text means something to X. Offsets count Unicode code points, the end excluded.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TextEntities {
    /// Links.
    pub urls: Vec<TextEntity>,
    /// Names, with their `@`.
    pub mentions: Vec<TextEntity>,
    /// With their `#`.
    pub hashtags: Vec<TextEntity>,
    /// With their `$`.
    pub cashtags: Vec<TextEntity>,
}

/// One of them.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TextEntity {
    /// What stands there.
    pub text: String,
    /// Where it begins.
    pub start: usize,
    /// Where it has ended.
    pub end: usize,
}

impl From<Entities> for TextEntities {
    fn from(found: Entities) -> Self {
        let all = |entities: Vec<Entity>| {
            let one = |Entity { text, start, end }| TextEntity { text, start, end };
            entities.into_iter().map(one).collect()
        };
        Self {
            urls: all(found.urls),
            mentions: all(found.mentions),
            hashtags: all(found.hashtags),
            cashtags: all(found.cashtags),
        }
    }
}

/// Looks at a post that somebody is writing. Two round trips where accounts are named, else none.
///
/// # Errors
/// What is wrong with the request beside its words, `unknown_account`, `unknown_platform`, or when the database does not
/// answer.
pub async fn preview(
    app: &App,
    workspace: &WorkspaceId,
    request: PreviewRequest,
) -> Result<Preview, Error> {
    let wording = request.wording();
    let platforms = request.platforms.unwrap_or_default();
    let accounts = request.accounts.unwrap_or_default();
    preview_of(app, workspace, wording, &accounts, &platforms).await
}

/// The same of a wording, whoever words it.
///
/// # Errors
/// As [`preview`].
pub async fn preview_of(
    app: &App,
    workspace: &WorkspaceId,
    wording: Wording,
    accounts: &[String],
    platforms: &[String],
) -> Result<Preview, Error> {
    let (written, errors) = compose(wording, &app.config.x.web_base);
    let of_the_words = |error: &FieldError| {
        error.pointer == "/text" && error.code != "missing_field"
            || error.pointer.starts_with("/thread/") && !error.pointer.ends_with("/media")
    };
    if !errors.iter().all(of_the_words) {
        return Err(Error::invalid(errors));
    }
    let mut seen = Vec::new();
    if accounts.is_empty() {
        for (index, platform) in platforms.iter().enumerate() {
            if platform != "x" {
                let pointer = format!("/platforms/{index}");
                let detail = "There is one platform so far: x.";
                return Err(Error::invalid_field(pointer, "unknown_platform", detail));
            }
        }
        let prices = &app.config.x.prices;
        let limit = fit::limit(None);
        seen.push(look(&written, &errors, limit, prices));
    } else {
        let ids = accept::accounts(accounts)?;
        let (targets, files) = targets::read_with_media(app, workspace, &ids, &written).await?;
        let standings = budgets::standings(app, workspace).await?;
        for (index, id) in ids.iter().enumerate() {
            let target = targets.iter().find(|target| target.id == *id);
            let target = target
                .filter(|target| target.status != "unlinked")
                .ok_or_else(|| Error::invalid(vec![accept::unknown_account(index)]))?;
            let mut errors = errors.clone();
            errors.extend(files::missing(&written, &files));
            errors.extend(files::not_taken(&written, &files, target.plan()));
            let mut one = look_at(target, &written, &errors, &app.config.x.prices);
            one.warnings
                .extend(over(target, &one, &standings, app.now()));
            seen.push(one);
        }
    }
    Ok(Preview { targets: seen })
}

fn look_at(
    target: &Target,
    written: &Written,
    errors: &[FieldError],
    prices: &Prices,
) -> PreviewTarget {
    let mut seen = look(written, errors, target.limit(), prices);
    seen.account_id = Some(target.id.clone());
    if let Some(error) = accept::cannot_post(0, Some(target)) {
        seen.errors.push(notice(&FieldError::new(
            "/accounts",
            error.code,
            error.detail,
        )));
        seen.valid = false;
    }
    seen
}

/// The budget or quota that it would wait for, as they stand now.
fn over(
    target: &Target,
    seen: &PreviewTarget,
    standings: &[Standing],
    now: Timestamp,
) -> Option<Notice> {
    let binds = |limit: &&Standing| match limit.scope() {
        Scope::Workspace => true,
        Scope::Account => limit.account_id == target.id.as_str(),
        Scope::App => limit.account_id == target.app,
    };
    let cost = Cost {
        money: seen.price_usd,
        posts: u32::try_from(seen.parts.len()).unwrap_or(u32::MAX),
        reads: 0,
    };
    let limits = standings.iter().filter(binds).cloned().collect();
    let over = Over::of(limits, cost, now)?;
    Some(Notice {
        code: over.code(),
        pointer: None,
        detail: format!("It would wait. {}", over.detail()),
    })
}

fn look(written: &Written, errors: &[FieldError], limit: u32, prices: &Prices) -> PreviewTarget {
    let fitted = fit::fit(written, limit);
    let mut notices: Vec<Notice> = errors.iter().map(notice).collect();
    let parts = match fitted {
        Ok(parts) => parts,
        Err(found) => {
            let is_new =
                |error: &&FieldError| errors.iter().all(|known| known.pointer != error.pointer);
            notices.extend(found.iter().filter(is_new).map(notice));
            written.segments.clone()
        }
    };
    let weighted_length = written
        .segments
        .iter()
        .map(|segment| text::measure(&segment.text).weighted_length)
        .max()
        .unwrap_or(0);
    let first = written.segments.first().map_or("", |first| &first.text);
    let media = written.media().count();
    let media = prices.media_upload * u32::try_from(media).unwrap_or(u32::MAX);
    let parts: Vec<PreviewPart> = parts.iter().map(|segment| part(segment, prices)).collect();
    PreviewTarget {
        platform: "x".to_owned(),
        account_id: None,
        valid: notices.is_empty(),
        weighted_length,
        limit,
        remaining: i64::from(limit) - i64::from(weighted_length),
        price_usd: parts.iter().map(|part| part.price_usd).sum::<Usd>() + media,
        warnings: warnings(written, &parts, prices),
        errors: notices,
        entities: text::entities(&text::measure(first).text).into(),
        parts,
    }
}

fn part(segment: &Segment, prices: &Prices) -> PreviewPart {
    let measured = text::measure(&segment.text);
    let entities = text::entities(&measured.text);
    PreviewPart {
        weighted_length: measured.weighted_length,
        price_usd: prices.of_post(!entities.urls.is_empty()),
        entities: entities.into(),
        text: measured.text.into_owned(),
    }
}

fn notice(error: &FieldError) -> Notice {
    Notice {
        code: error.code,
        pointer: Some(error.pointer.clone()),
        detail: error.detail.clone(),
    }
}

/// What X may refuse, or charges more for (<https://docs.x.com/x-api/posts/create-post>, and what users of self-serve apps
/// report).
fn warnings(written: &Written, parts: &[PreviewPart], prices: &Prices) -> Vec<Notice> {
    let mut warnings = Vec::new();
    let mut warn = |code, detail: String| {
        warnings.push(Notice {
            code,
            pointer: None,
            detail,
        });
    };
    if parts.iter().any(|part| part.entities.cashtags.len() > 1) {
        warn(
            "many_cashtags",
            "X lets most apps post one cashtag at a time.".to_owned(),
        );
    }
    if parts.iter().any(|part| !part.entities.mentions.is_empty()) {
        let detail = "X may refuse to let this app's plan mention people.";
        warn("mention", detail.to_owned());
    }
    if written.options.reply_to.is_some() {
        let detail =
            "X lets most apps reply only to posts that mention the account, and to its own.";
        warn("reply_may_be_refused", detail.to_owned());
    }
    if written.options.extras.quote.is_some() {
        let detail = "X has taken quoting out of its self-serve plans.";
        warn("quote_may_be_refused", detail.to_owned());
    }
    let with_urls = parts
        .iter()
        .filter(|part| !part.entities.urls.is_empty())
        .count();
    if with_urls > 0 && prices.post_with_url > prices.post {
        let (with, without) = (prices.post_with_url.dollars(), prices.post.dollars());
        let detail =
            format!("X charges ${with} for a post with a link, and ${without} for one without.");
        warn("url_multiplies_price", detail);
    }
    warnings
}
