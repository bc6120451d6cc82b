//! What creators do with their videos, and what then happens by itself.

use super::{
    library::{Kind, Privacy, Upload, Video},
    notice,
    tube::Tube,
};

impl Tube {
    /// Uploads a video. Gives its id; `None` when there is no such channel, by id or by handle.
    pub fn publish(&mut self, now_ms: i64, channel: &str, mut video: Video) -> Option<String> {
        self.advance(now_ms);
        let channel = self.library.find(channel)?.id.clone();
        let id = self.ids.name(11);
        if video.public_at.is_some_and(|at| at > now_ms) {
            video.privacy = Privacy::Private;
        }
        let recognition = self.settings.recognition;
        if video.kind == Kind::Short && recognition > 0 {
            video.recognised_at.get_or_insert(now_ms + recognition);
        }
        let is_broadcast = matches!(video.kind, Kind::Live | Kind::Premiere);
        let starts_at = video.starts_at.unwrap_or(now_ms);
        let started_ms = (is_broadcast && starts_at <= now_ms).then_some(now_ms);
        let due = [
            video.public_at,
            (video.kind == Kind::Premiere).then_some(starts_at),
            (video.kind == Kind::Premiere).then_some(end_of_premiere(&video, starts_at)),
        ];
        let index = self.library.add(Upload {
            id: id.clone(),
            channel,
            uploaded_ms: now_ms,
            published_ms: (video.privacy != Privacy::Private).then_some(now_ms),
            updated_ms: now_ms,
            updated_nanos: 0,
            started_ms,
            ended_ms: None,
            deleted_ms: None,
            video,
        });
        for at in due.into_iter().flatten().filter(|at| *at > now_ms) {
            self.library.due.insert((at, index));
        }
        self.changed(now_ms, &id);
        Some(id)
    }

    /// False when there is no such video; so with all that follow.
    pub fn edit(&mut self, now_ms: i64, id: &str, title: &str) -> bool {
        self.change(now_ms, id, |upload| upload.video.title = title.into())
    }

    pub fn describe(&mut self, now_ms: i64, id: &str, description: &str) -> bool {
        self.change(now_ms, id, |upload| {
            upload.video.description = description.into();
        })
    }

    /// Nothing changes, and it is announced again: so YouTube does within minutes of many an upload.
    pub fn touch(&mut self, now_ms: i64, id: &str) -> bool {
        self.change(now_ms, id, |_| {})
    }

    pub fn delete(&mut self, now_ms: i64, id: &str) -> bool {
        self.change(now_ms, id, |upload| upload.deleted_ms = Some(now_ms))
    }

    pub fn set_privacy(&mut self, now_ms: i64, id: &str, privacy: Privacy) -> bool {
        self.change(now_ms, id, |upload| {
            upload.video.privacy = privacy;
            // Its publisher has taken it out of the schedule.
            upload.video.public_at = None;
            if privacy != Privacy::Private {
                upload.published_ms.get_or_insert(now_ms);
            }
        })
    }

    /// A stream or a premiere begins. Nobody is told, as often on the real YouTube; so with the next two.
    pub fn start(&mut self, now_ms: i64, id: &str) -> bool {
        self.change_quietly(now_ms, id, |upload| {
            upload.started_ms.get_or_insert(now_ms);
        })
    }

    pub fn end(&mut self, now_ms: i64, id: &str) -> bool {
        self.change_quietly(now_ms, id, |upload| {
            upload.started_ms.get_or_insert(now_ms);
            upload.ended_ms.get_or_insert(now_ms);
        })
    }

    pub fn reschedule(&mut self, now_ms: i64, id: &str, starts_at: i64) -> bool {
        let done = self.change_quietly(now_ms, id, |upload| {
            upload.video.starts_at = Some(starts_at);
        });
        let found = self.library.upload(id).cloned();
        if let Some(upload) = found.filter(|upload| upload.video.kind == Kind::Premiere) {
            let index = self.library.uploads().position(|each| each.id == upload.id);
            let ends_at = end_of_premiere(&upload.video, starts_at);
            for at in [starts_at, ends_at] {
                self.library.due.extend(index.map(|index| (at, index)));
            }
        }
        done
    }

    /// Carries out what is due by now without anybody's doing.
    pub fn advance(&mut self, now_ms: i64) {
        while let Some((at, index)) = self.library.due.first().copied() {
            if at > now_ms {
                return;
            }
            self.library.due.remove(&(at, index));
            let Some(upload) = self.library.at(index).cloned() else {
                continue;
            };
            let (id, video) = (&upload.id, &upload.video);
            if video.public_at == Some(at) {
                self.set_privacy(at, id, Privacy::Public);
            }
            if video.starts_at == Some(at) && video.kind == Kind::Premiere {
                self.start(at, id);
            }
            let began = upload.started_ms.unwrap_or(i64::MAX);
            if video.kind == Kind::Premiere && began < at && end_of_premiere(video, began) <= at {
                self.end(at, id);
            }
        }
    }

    fn change(&mut self, now_ms: i64, id: &str, make: impl FnOnce(&mut Upload)) -> bool {
        self.advance(now_ms);
        let was_public = self.library.upload(id).is_some_and(Upload::is_public);
        let done = self.change_quietly(now_ms, id, make);
        if done {
            let upload = self.library.upload(id);
            let is_hidden = upload.is_some_and(|upload| !upload.is_visible());
            match (was_public, is_hidden) {
                (true, true) => self.removed(now_ms, id),
                // Of public to unlisted nothing is reported, so nothing is sent.
                _ => self.changed(now_ms, id),
            }
        }
        done
    }

    fn change_quietly(&mut self, now_ms: i64, id: &str, make: impl FnOnce(&mut Upload)) -> bool {
        self.advance(now_ms);
        let nanos = u32::try_from(self.ids.below(1_000_000)).expect("below a million");
        let upload = self.library.upload_mut(id);
        let Some(upload) = upload.filter(|upload| upload.deleted_ms.is_none()) else {
            return false;
        };
        make(upload);
        (upload.updated_ms, upload.updated_nanos) = (now_ms, nanos);
        let channel = upload.channel.clone();
        if let Some(channel) = self.library.channel_mut(&channel) {
            channel.changed_ms = now_ms;
        }
        true
    }

    /// Announces a video that is public.
    fn changed(&mut self, now_ms: i64, id: &str) {
        let Some(upload) = self.library.upload(id).filter(|upload| upload.is_public()) else {
            return;
        };
        if let Some(channel) = self.library.find(&upload.channel) {
            let published = upload.shown_published(self.settings.odd_published);
            let body = notice::changed(channel, upload, published);
            let channel = channel.id.clone();
            self.announce(now_ms, &channel, body);
        }
    }

    fn removed(&mut self, now_ms: i64, id: &str) {
        let Some(upload) = self.library.upload(id) else {
            return;
        };
        if let Some(channel) = self.library.find(&upload.channel) {
            let body = notice::removed(channel, upload);
            let channel = channel.id.clone();
            self.announce(now_ms, &channel, body);
        }
    }
}

impl Upload {
    /// What feed and notifications call `published`.
    pub fn shown_published(&self, odd: bool) -> i64 {
        match self.published_ms {
            Some(published_ms) if !odd => published_ms,
            _ => self.uploaded_ms,
        }
    }
}

fn end_of_premiere(video: &Video, began: i64) -> i64 {
    began.saturating_add(i64::from(video.duration()) * 1000)
}
