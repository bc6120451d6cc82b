//! [`X`]: the whole of it, and what every request goes through.

use std::collections::BTreeMap;

use http::Request;
use serde_json::Value;

use super::{
    answer::{Answer, Reply},
    call::{Call, Route, longest_body},
    control, create,
    engage::Engagements,
    faults::{Effect, Fault, Faults, On, Subject},
    grants::{Grants, Tokens},
    ids::Ids,
    ledger::{Ledger, Post, Row},
    measure::{Measured, Metrics},
    media::{self, Uploads},
    money::Account,
    oauth1,
    people::{People, Profile, User},
    record::{Counts, Entry, Fate, Record},
    refusals::Refusal,
    settings::{Names, Plan, Settings},
    spec,
    windows::{self, Windows},
};

/// A fake X. Reads no clock and no randomness: the same seed and the same calls give the same answers.
#[derive(Debug)]
pub struct X {
    /// May be changed at any time, for the requests that follow.
    pub settings: Settings,
    pub(super) ids: Ids,
    pub(super) people: People,
    pub(super) ledger: Ledger,
    pub(super) uploads: Uploads,
    pub(super) engagements: Engagements,
    pub(super) measured: Measured,
    pub(super) grants: Grants,
    pub(super) oauth1: oauth1::Tokens,
    /// The app whose request is being answered.
    pub(super) asking: usize,
    pub(super) accounts: BTreeMap<usize, Account>,
    pub(super) windows: Windows,
    pub(super) faults: Faults,
    pub(super) record: Record,
    /// Requests whose effect comes later, with its time.
    pending: Vec<(i64, Call)>,
}

impl X {
    pub fn new(settings: Settings) -> Self {
        Self {
            ids: Ids::new(settings.seed),
            settings,
            people: People::seeded(),
            ledger: Ledger::default(),
            uploads: Uploads::default(),
            engagements: Engagements::default(),
            measured: Measured::default(),
            grants: Grants::default(),
            oauth1: oauth1::Tokens::default(),
            asking: 0,
            accounts: BTreeMap::new(),
            windows: Windows::default(),
            faults: Faults::default(),
            record: Record::default(),
            pending: Vec::new(),
        }
    }

    /// One request at this time. Times must not go back: ids and windows are made from them.
    pub fn handle(&mut self, now_ms: i64, request: Request<Vec<u8>>) -> Reply {
        self.advance(now_ms);
        let mut call = Call::read(now_ms, request);
        if call.path.starts_with("/_sandbox") {
            return Reply::Answer(control::handle(self, &call).into_response());
        }
        if call.body.len() > longest_body(&call.path) {
            return Reply::Answer(Refusal::TooLarge.answer().into_response());
        }
        call.fits = spec::refusal(&call, Names::New).is_ok();
        if !call.fits {
            self.record.counts.against_the_document += 1;
        }
        let class = call.class();
        let number = self.record.received(class);
        let username = self.username(&call);
        let effect = class.and_then(|class| self.fault_for(class, &call, username.as_deref()));
        let mut entry = Entry {
            number,
            at: call.now(),
            at_ms: now_ms,
            method: call.method.to_string(),
            path: call.path.clone(),
            on: class,
            username,
            fate: Fate::Answered,
            status: None,
            fault: effect.as_ref().map(Effect::name),
        };
        let reply = self.suffer(call, effect, &mut entry);
        self.record.log(entry);
        reply
    }

    /// Carries out what is due by now of the requests that land late.
    pub fn advance(&mut self, now_ms: i64) {
        self.pending.sort_by_key(|(due_ms, _)| *due_ms);
        while self
            .pending
            .first()
            .is_some_and(|(due_ms, _)| *due_ms <= now_ms)
        {
            let (due_ms, mut call) = self.pending.remove(0);
            call.now_ms = due_ms;
            self.carry_out(&call);
        }
    }

    pub fn script(&mut self, fault: Fault) {
        self.faults.script(fault);
    }

    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// The scripted faults that still have something to do.
    pub fn faults_left(&self) -> &[Fault] {
        self.faults.left()
    }

    pub fn counts(&self) -> &Counts {
        &self.record.counts
    }

    /// The requests, oldest first, those of the control surface left out.
    pub fn requests(&self) -> Vec<Entry> {
        self.record.entries().cloned().collect()
    }

    /// Every post that ever existed, oldest first.
    pub fn posts(&self) -> Vec<Row> {
        let row = |post: &Post| {
            let author = self.people.get(post.author);
            post.row(author.map_or("", |user| &user.profile.username))
        };
        self.ledger.iter().map(row).collect()
    }

    /// The windows that were used, also those that are over.
    pub fn windows(&self) -> Vec<windows::Row> {
        self.windows.rows().collect()
    }

    /// Every upload that ever began, oldest first.
    pub fn media(&self, now_ms: i64) -> Vec<media::Row> {
        let row = |upload: &media::Upload| {
            let owner = self.people.get(upload.owner);
            upload.row(owner.map_or("", |user| &user.profile.username), now_ms)
        };
        self.uploads.iter().map(row).collect()
    }

    pub fn users(&self) -> Vec<User> {
        self.people.iter().cloned().collect()
    }

    /// # Errors
    /// Why the profile cannot be registered.
    pub fn add_user(&mut self, profile: Profile) -> Result<User, String> {
        self.people.add(profile).cloned()
    }

    /// Tokens without the walk through the consent page. `None` when there is no such user.
    pub fn grant(&mut self, now_ms: i64, username: &str, scopes: &[&str]) -> Option<Tokens> {
        self.grant_to(now_ms, 0, username, scopes)
    }

    /// The same for another app than the first.
    pub fn grant_to(
        &mut self,
        now_ms: i64,
        app: usize,
        username: &str,
        scopes: &[&str],
    ) -> Option<Tokens> {
        let user = self.people.named(username)?.id;
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let (ids, settings) = (&mut self.ids, &self.settings);
        Some(
            self.grants
                .grant(ids, settings, now_ms, (app, user), scopes),
        )
    }

    /// An OAuth 1.0a token and its secret, without the three legs. `None` when there is no such user or app.
    pub fn grant_oauth1(&mut self, app: usize, username: &str) -> Option<(String, String)> {
        let user = self.people.named(username)?.id;
        let permissions = self.settings.app(app)?.permissions;
        Some(self.oauth1.grant(&mut self.ids, user, app, permissions))
    }

    /// What the app whose request is being answered pays for.
    pub(super) fn plan(&self) -> Plan {
        let app = self.settings.app(self.asking);
        app.map_or(self.settings.plan, |app| app.plan)
    }

    /// A post that the user writes on x.com, beside the app. Gives its id; `None` when there is no such user.
    pub fn write_as(&mut self, now_ms: i64, username: &str, text: &str) -> Option<String> {
        let author = self.people.named(username)?.clone();
        Some(create::write(self, now_ms, &author, text, None).to_string())
    }

    /// As [`X::write_as`], in reply to a post of this id.
    pub fn reply_as(
        &mut self,
        now_ms: i64,
        username: &str,
        text: &str,
        to: &str,
    ) -> Option<String> {
        let (author, to) = (self.people.named(username)?.clone(), to.parse().ok());
        Some(create::write(self, now_ms, &author, text, to).to_string())
    }

    /// How often the post of this id was seen and clicked, from now on. False when there is no such post.
    pub fn measure(&mut self, id: &str, metrics: Metrics) -> bool {
        let post = id.parse().ok().filter(|id| self.ledger.get(*id).is_some());
        if let Some(post) = post {
            self.measured.set(post, metrics);
        }
        post.is_some()
    }

    /// The author deletes a post on x.com.
    pub fn remove(&mut self, now_ms: i64, id: &str) {
        if let Ok(id) = id.parse() {
            self.ledger.delete(id, now_ms);
        }
    }

    /// The user revokes the app at x.com. False when there is no such user.
    pub fn revoke_user(&mut self, username: &str) -> bool {
        let user = self.people.named(username).map(|user| user.id);
        if let Some(user) = user {
            self.grants.revoke_user(user);
            self.oauth1.revoke_user(user);
        }
        user.is_some()
    }

    /// All access tokens end now; refresh tokens live on.
    pub fn expire_tokens(&mut self) {
        self.grants.expire_access_tokens();
    }

    /// As new, with the settings as they are. Ids go on, so that nothing old is mistaken for something new.
    pub fn reset(&mut self) {
        let fresh = Self::new(self.settings.clone());
        let old = std::mem::replace(self, fresh);
        self.ids = old.ids;
    }

    fn suffer(&mut self, call: Call, effect: Option<Effect>, entry: &mut Entry) -> Reply {
        let fate = match &effect {
            Some(Effect::DropBefore | Effect::AcceptThenDrop | Effect::RotateAndDrop) => {
                Fate::Dropped
            }
            Some(Effect::HangBefore | Effect::AcceptThenHang | Effect::LandLater { .. }) => {
                Fate::Hung
            }
            _ => Fate::Answered,
        };
        entry.fate = fate;
        let answer = match &effect {
            Some(Effect::DropBefore) => return Reply::Drop,
            Some(Effect::HangBefore) => return Reply::Hang,
            Some(Effect::LandLater { ms }) => {
                self.pending.push((call.now_ms + i64::from(*ms), call));
                return Reply::Hang;
            }
            Some(Effect::Status {
                name,
                reset_after_s,
            }) => self.refuse(&call, *name, *reset_after_s),
            _ => self.carry_out(&call),
        };
        let answer = match &effect {
            Some(Effect::AcceptThenStatus { name }) => name.answer(),
            Some(Effect::AcceptThenEmpty201) => Answer::empty(201),
            Some(Effect::FailProcessing { error }) => {
                self.fail_processing(&call, error);
                answer
            }
            _ => answer,
        };
        entry.status = Some(answer.status);
        let answer = if call.is_api() {
            answer.with("x-transaction-id", self.ids.transaction())
        } else {
            answer
        };
        match (fate, effect) {
            (Fate::Dropped, _) => Reply::Drop,
            (Fate::Hung, _) => Reply::Hang,
            (Fate::Answered, Some(Effect::Delay { ms })) => {
                Reply::Delay(ms, Box::new(Reply::Answer(answer.into_response())))
            }
            (Fate::Answered, _) => Reply::Answer(answer.into_response()),
        }
    }

    /// Whose token the request carries, if it is a good one.
    fn username(&self, call: &Call) -> Option<String> {
        let bearer = call.bearer();
        let bearer = bearer.and_then(|token| self.grants.bearer(token, call.now_ms));
        let user = bearer.map(|bearer| bearer.user);
        let user = self
            .people
            .get(user.or_else(|| oauth1::claimed(self, call))?)?;
        Some(user.profile.username.clone())
    }

    fn fault_for(&mut self, class: On, call: &Call, username: Option<&str>) -> Option<Effect> {
        if self.faults.left().is_empty() {
            return None;
        }
        let text = call
            .json()
            .and_then(|body| body.get("text"))
            .and_then(Value::as_str)
            .unwrap_or("");
        self.faults.take(&Subject {
            class,
            text,
            username,
        })
    }

    fn fail_processing(&mut self, call: &Call, error: &media::Failure) {
        let Route::MediaFinalize(id) = &call.route else {
            return;
        };
        let upload = id.parse().ok().and_then(|id| self.uploads.get_mut(id));
        if let Some(upload) = upload {
            upload.fail(self.settings.media_processing, error.clone());
        }
    }
}
