//! The steps by which one medium is brought to the platform; their order and what is kept between them is in `deliver`.

use super::deliver::{
    Brought, Label, Work, gone, is_kept, is_of_the_request, lease_until, processing, transient,
};
use super::model::{UploadState, chunks, piece};
use super::rules;
use super::store::{self, Holder, MediaRow, UploadRow};
use crate::accounts::Lent;
use crate::app::App;
use crate::budgets::{Charge, Paid, store as budgets};
use crate::crypto::random_token;
use crate::gate::Bucket;
use crate::platforms::x::api::Api;
use crate::platforms::x::ask::Refusal;
use crate::platforms::x::media::{self as x, File, Processing};
use crate::ports::{ResultSet, StorageError};

/// How many calls are borrowed at a time.
const CALLS_AT_ONCE: u32 = 16;

/// Why a medium is not brought any further now.
pub(super) enum Stop {
    Brought(Brought),
    Storage(StorageError),
}

impl From<StorageError> for Stop {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Brought(Brought::Refused(refusal))
    }
}

/// One medium on its way.
pub(super) struct Run<'a> {
    pub(super) app: &'a App,
    pub(super) work: &'a Work<'a>,
    pub(super) medium: &'a MediaRow,
    pub(super) holder: Holder<'a>,
    pub(super) upload: UploadRow,
    /// What calls are signed with, and how many are left.
    pub(super) lent: Option<(Lent, u32)>,
}

impl Run<'_> {
    /// All of them, from where it is.
    pub(super) async fn steps(&mut self, labels: &[Label<'_>]) -> Result<(), Stop> {
        if !is_kept(&self.upload, self.app.now()) {
            // 2.
            self.announce().await?;
        }
        if self.upload.state == UploadState::Uploading {
            // 3. and 4.
            let resumed = self.upload.sent == chunks(self.medium.bytes);
            self.send_chunks().await?;
            self.finalize(resumed).await?;
        }
        if self.upload.state == UploadState::Processing {
            // 5.
            self.await_processing().await?;
        }
        if self.upload.state == UploadState::Failed {
            let why = self.upload.problem.as_deref();
            let why = why.and_then(|text| serde_json::from_str(text).ok());
            return Err(Refusal::of(why.unwrap_or_else(|| gone(&self.medium.id))).into());
        }
        if self.upload.labeled == 0 {
            // 6.
            self.label(labels).await?;
        }
        Ok(())
    }

    async fn announce(&mut self) -> Result<(), Stop> {
        let kind = self.medium.kind.zip(self.medium.media_type.clone());
        let Some((kind, media_type)) = kind else {
            return Err(Refusal::of(gone(&self.medium.id)).into());
        };
        let file = File {
            media_type,
            category: rules::category(kind),
            bytes: self.medium.bytes,
        };
        let now = self.app.now();
        let announced = self
            .call(async |api| x::initialize(&api, &file, now).await)
            .await?;
        self.upload = UploadRow {
            media_id: self.medium.id.clone(),
            external_id: Some(announced.id),
            external_key: Some(announced.key),
            state: UploadState::Uploading,
            sent: 0,
            check_at: None,
            labeled: 0,
            problem: None,
            expires_at: Some(announced.expires_at),
        };
        self.keep().await
    }

    async fn send_chunks(&mut self) -> Result<(), Stop> {
        let id = self.external_id();
        while self.upload.sent < chunks(self.medium.bytes) {
            let segment = self.upload.sent;
            let key = piece(&self.medium.id, segment);
            let boundary = random_token(&*self.app.random, 18);
            let piece = (&*self.app.blobs, key.as_str());
            let sent = self
                .call(async |api| x::append(&api, &id, segment, piece, &boundary).await)
                .await??;
            if sent.is_none() {
                return Err(Refusal::of(gone(&self.medium.id)).into());
            }
            self.upload.sent = segment.saturating_add(1);
            self.keep().await?;
            if self.upload.sent < chunks(self.medium.bytes) && self.app.now() >= self.work.until {
                return Err(Stop::Brought(Brought::More));
            }
        }
        Ok(())
    }

    /// `resumed`: the platform may have been told before that all is there.
    async fn finalize(&mut self, resumed: bool) -> Result<(), Stop> {
        let id = self.external_id();
        let now = self.app.now();
        if resumed {
            match self.call(async |api| x::status(&api, &id, now).await).await {
                Ok(processing) => return self.processed(processing).await,
                // It was not told, or does not say.
                Err(Stop::Brought(Brought::Refused(refusal))) if is_of_the_request(&refusal) => {}
                Err(stop) => return Err(stop),
            }
        }
        match self
            .call(async |api| x::finalize(&api, &id, now).await)
            .await
        {
            Ok(processing) => self.processed(processing).await,
            Err(Stop::Brought(Brought::Refused(refusal))) if is_of_the_request(&refusal) => {
                // Something of it is missing there: it is announced anew, and sent anew.
                self.upload.external_id = None;
                self.upload.sent = 0;
                self.keep().await?;
                Err(Refusal::of(transient(refusal)).into())
            }
            Err(stop) => Err(stop),
        }
    }

    async fn await_processing(&mut self) -> Result<(), Stop> {
        let now = self.app.now();
        if let Some(at) = self.upload.check_at.filter(|at| *at > now) {
            return Err(Stop::Brought(Brought::Later(at, processing())));
        }
        let id = self.external_id();
        let answer = self
            .call(async |api| x::status(&api, &id, now).await)
            .await?;
        self.processed(answer).await
    }

    async fn processed(&mut self, answer: Processing) -> Result<(), Stop> {
        // X charges for what it has whole, whatever comes of it.
        let is_new = self.upload.state == UploadState::Uploading;
        let paid = is_new.then_some(Charge::MediaUpload);
        self.upload.check_at = None;
        match answer {
            Processing::Done => {
                self.upload.state = UploadState::Ready;
                self.keep_paid(paid).await
            }
            Processing::Until(at) => {
                self.upload.state = UploadState::Processing;
                self.upload.check_at = Some(at);
                self.keep_paid(paid).await?;
                Err(Stop::Brought(Brought::Later(at, processing())))
            }
            Processing::Failed(why) => {
                self.upload.state = UploadState::Failed;
                self.upload.problem = serde_json::to_string(&why).ok();
                self.keep_paid(paid).await
            }
        }
    }

    async fn label(&mut self, labels: &[Label<'_>]) -> Result<(), Stop> {
        let id = self.external_id();
        if let Some(text) = self.medium.alt_text.clone() {
            self.call(async |api| x::describe(&api, &id, &text).await)
                .await?;
        }
        for label in labels {
            self.call(async |api| {
                let (code, name) = (label.language_code, label.display_name);
                x::subtitle(&api, &id, label.id, code, name).await
            })
            .await?;
        }
        self.upload.labeled = 1;
        let is_described = self.medium.alt_text.is_some();
        let paid = is_described.then_some(Charge::MediaMetadata);
        self.keep_paid(paid).await
    }

    fn external_id(&self) -> String {
        self.upload.external_id.clone().unwrap_or_default()
    }

    /// Keeps how far it is, and renews the claim, or finds that there is a newer one.
    async fn keep(&self) -> Result<(), Stop> {
        self.keep_paid(None).await
    }

    /// The same, with what X has just charged for.
    async fn keep_paid(&self, charge: Option<Charge>) -> Result<(), Stop> {
        let (now, until) = (self.app.now(), lease_until(self.app));
        let mut statements = vec![(self.work.renew)(until, now)];
        if let Some(charge) = charge {
            let (x, holder) = (&self.app.config.x, &self.holder.name);
            let paid = Paid {
                charge,
                count: 1,
                cost: charge.times(1, &x.prices),
                at: now,
            };
            let (payer, media) = (&self.work.payer, &self.medium.id);
            let book = budgets::book_media(payer, media, holder, &paid, x.plan.quota());
            statements.extend(book);
        }
        statements.push(store::save(&self.holder, &self.upload, until, now));
        let sets = self.app.database.batch(statements).await?;
        let is_ours = |set: Option<&ResultSet>| set.is_some_and(|set| !set.rows.is_empty());
        if is_ours(sets.first()) && is_ours(sets.last()) {
            Ok(())
        } else {
            Err(Stop::Brought(Brought::Gone))
        }
    }

    /// How many calls to borrow: those that are left, and no more than some at a time, since what is borrowed counts.
    fn calls_left(&self) -> u32 {
        let chunks = chunks(self.medium.bytes).saturating_sub(self.upload.sent);
        chunks.saturating_add(2).min(CALLS_AT_ONCE)
    }

    /// Calls the platform as the account, a second time with a fresh token when it does not take the first.
    async fn call<T>(
        &mut self,
        make: impl AsyncFn(Api<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Stop> {
        let mut refused = None;
        loop {
            let (loan, calls) = match self.lent.take() {
                Some((loan, calls)) if calls > 0 && refused.is_none() => (loan, calls),
                _ => {
                    let calls = self.calls_left();
                    let borrow = self.work.acting.borrow(Bucket::Media, calls, refused);
                    (borrow.await?, calls)
                }
            };
            let answer = make(self.app.x(&loan.credentials)).await;
            match answer {
                Err(refusal) if refusal.is_unauthorized() && refused.is_none() => {
                    refused = Some(loan.generation);
                }
                Err(refusal) => {
                    self.work.acting.observe(Bucket::Media, &refusal).await;
                    return Err(refusal.into());
                }
                Ok(done) => {
                    self.lent = Some((loan, calls.saturating_sub(1)));
                    return Ok(done);
                }
            }
        }
    }
}
