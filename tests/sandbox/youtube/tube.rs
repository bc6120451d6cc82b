//! [`Tube`]: the whole of it, and what every request goes through.

use http::{Method, Request, Response};

use super::{
    super::{answer::Reply, ids::Ids, record::Fate, socket::Handles},
    answer::{Answer, not_found, redirect},
    call::{Call, Route},
    control, data, feed,
    hub::{self, Row, Subscriptions},
    library::{Channel, DEMO_CHANNEL, Library, Upload},
    outages::{Effect, Outage, Outages},
    outgoing::Outbox,
    pages, probe,
    quota::Quota,
    record::{Counts, Entry, Record, Sent},
    settings::Settings,
};

/// Where Google asks Europeans for their consent.
const CONSENT: &str =
    "https://consent.youtube.com/m?continue=https%3A%2F%2Fwww.youtube.com%2F&gl=DE&m=0&pc=yt&hl=de";

/// 2020-09-13: when the first channel was made.
const CREATED_MS: i64 = 1_600_000_000_000;

/// A fake YouTube. Reads no clock and no randomness: the same seed and the same calls give the same answers. Times must
/// not go back.
#[derive(Debug)]
pub struct Tube {
    /// May be changed at any time, for what follows.
    pub settings: Settings,
    pub(super) ids: Ids,
    pub(super) library: Library,
    pub(super) hub: Subscriptions,
    pub(super) outbox: Outbox,
    pub(super) quota: Quota,
    pub(super) outages: Outages,
    pub(super) record: Record,
}

impl Handles for Tube {
    fn handle(&mut self, now_ms: i64, request: Request<Vec<u8>>) -> Reply {
        Self::handle(self, now_ms, request)
    }

    /// Nothing that it takes is long but bodies to distribute.
    fn longest_body(path: &str) -> usize {
        if path.starts_with("/_sandbox") {
            8 << 20
        } else {
            64 << 10
        }
    }
}

impl Tube {
    /// With one channel, `@godwit`.
    pub fn new(settings: Settings) -> Self {
        let mut library = Library::default();
        library
            .add_channel(CREATED_MS, DEMO_CHANNEL.into(), "godwit", "Godwit")
            .expect("the first channel");
        Self {
            ids: Ids::new(settings.seed),
            settings,
            library,
            hub: Subscriptions::default(),
            outbox: Outbox::default(),
            quota: Quota::default(),
            outages: Outages::default(),
            record: Record::default(),
        }
    }

    /// One request at this time.
    pub fn handle(&mut self, now_ms: i64, request: Request<Vec<u8>>) -> Reply {
        self.advance(now_ms);
        let call = Call::read(now_ms, request);
        if call.path.starts_with("/_sandbox") {
            return Reply::Answer(control::handle(self, &call));
        }
        let class = call.class();
        let number = self.record.received(class);
        let effect = class.and_then(|class| self.outages.take(class, &call));
        let reply = self.suffer(&call, effect.as_ref());
        let query = call.query.iter().filter(|(name, _)| name != "key");
        self.record.log(Entry {
            number,
            at_ms: now_ms,
            method: call.method.to_string(),
            path: call.path.clone(),
            query: query.cloned().collect(),
            on: class,
            fate: match reply {
                Reply::Drop => Fate::Dropped,
                Reply::Hang => Fate::Hung,
                Reply::Answer(_) | Reply::Delay(..) => Fate::Answered,
            },
            status: status(&reply),
            outage: effect.is_some(),
        });
        if call.method == Method::HEAD {
            without_body(reply)
        } else {
            reply
        }
    }

    /// A channel with this handle, with an id made up where none is given.
    ///
    /// # Errors
    /// Why it cannot be added.
    pub fn add_channel(
        &mut self,
        now_ms: i64,
        id: Option<String>,
        handle: &str,
        title: &str,
    ) -> Result<Channel, String> {
        let id = id.unwrap_or_else(|| format!("UC{}", self.ids.name(22)));
        self.library.add_channel(now_ms, id, handle, title).cloned()
    }

    pub fn begin(&mut self, outage: Outage) {
        self.outages.begin(outage);
    }

    pub fn clear_outages(&mut self) {
        self.outages.clear();
    }

    pub fn channels(&self) -> Vec<Channel> {
        self.library.channels().cloned().collect()
    }

    /// Every video that ever existed, in the order of upload.
    pub fn videos(&self) -> Vec<Upload> {
        self.library.uploads().cloned().collect()
    }

    /// A video that existed once.
    pub fn video(&self, id: &str) -> Option<&Upload> {
        self.library.upload(id)
    }

    /// The subscriptions whose lease is not over.
    pub fn subscriptions(&self, now_ms: i64) -> Vec<Row> {
        self.hub.rows(now_ms)
    }

    /// The hub has lost what it knew, and sends nothing more to anybody.
    pub fn forget_subscriptions(&mut self) {
        self.hub = Subscriptions::default();
    }

    pub fn counts(&self) -> &Counts {
        &self.record.counts
    }

    /// The units of the Data API that this day has used.
    pub fn units(&self, now_ms: i64) -> u32 {
        self.quota.used(now_ms)
    }

    /// The requests, oldest first, those of the control surface left out.
    pub fn requests(&self) -> Vec<Entry> {
        self.record.entries().cloned().collect()
    }

    /// What the hub sent, oldest first.
    pub fn sent(&self) -> Vec<Sent> {
        self.record.outgoing().cloned().collect()
    }

    /// As new, with the settings as they are. Ids go on, so that nothing old is mistaken for something new.
    pub fn reset(&mut self) {
        let fresh = Self::new(self.settings.clone());
        let old = std::mem::replace(self, fresh);
        self.ids = old.ids;
        // Answers to what the old one sent must find nothing.
        self.outbox = old.outbox.emptied();
    }

    fn suffer(&mut self, call: &Call, effect: Option<&Effect>) -> Reply {
        match effect {
            None => self.carry_out(call),
            Some(Effect::Drop) => Reply::Drop,
            Some(Effect::Hang) => Reply::Hang,
            Some(Effect::Delay { ms }) => Reply::Delay(*ms, Box::new(self.carry_out(call))),
            Some(Effect::Consent) => Reply::Answer(redirect(302, CONSENT)),
            Some(Effect::Redirect { status, location }) => {
                Reply::Answer(redirect(*status, location))
            }
            Some(Effect::Status { status }) => Reply::Answer(error_page(*status)),
        }
    }

    fn carry_out(&mut self, call: &Call) -> Reply {
        Reply::Answer(match &call.route {
            Route::Subscribe => return hub::subscribe(self, call),
            Route::Feed => feed::feed(self, call),
            Route::Stub => feed::stub(),
            Route::Probe(id) => probe::short(self, call, id),
            Route::Watch => probe::watch(self, call),
            Route::Picture(id) => probe::picture(self, id),
            Route::ChannelPage(name) | Route::NamedPage(name) => pages::channel(self, call, name),
            Route::Api(resource) => data::answer(self, call, resource),
            Route::Home => pages::home(self, call.now_ms),
            Route::HubPage => pages::hub(),
            Route::WrongMethod => error_page(405),
            Route::Unknown => not_found(),
        })
    }
}

/// As Google's front end says it, without a word of why.
fn error_page(status: u16) -> Answer {
    super::answer::html(
        status,
        format!("<!DOCTYPE html><title>Error {status}</title>"),
    )
}

/// The status that leaves, now or later.
fn status(reply: &Reply) -> Option<u16> {
    match reply {
        Reply::Answer(answer) => Some(answer.status().as_u16()),
        Reply::Delay(_, inner) => status(inner),
        Reply::Drop | Reply::Hang => None,
    }
}

fn without_body(reply: Reply) -> Reply {
    match reply {
        Reply::Answer(answer) => {
            let (parts, _) = answer.into_parts();
            Reply::Answer(Response::from_parts(parts, Vec::new()))
        }
        Reply::Delay(ms, inner) => Reply::Delay(ms, Box::new(without_body(*inner))),
        lost => lost,
    }
}
