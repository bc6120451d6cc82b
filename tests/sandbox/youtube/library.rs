//! Channels and their videos.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// The channel that is there from the start, with the handle `@godwit`.
pub const DEMO_CHANNEL: &str = "UCGodwitSandboxChannel00";

#[derive(Clone, Debug, Serialize)]
pub struct Channel {
    /// `UC` and 22 letters.
    pub id: String,
    /// Without the `@`. In the place of the name in `/c/…` too.
    pub handle: String,
    pub title: String,
    pub description: String,
    pub created_ms: i64,
    /// When its feed last became another.
    #[serde(skip)]
    pub changed_ms: i64,
    /// In the order of upload.
    #[serde(skip)]
    uploads: Vec<usize>,
}

/// What a creator uploads.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Video {
    pub title: String,
    pub description: String,
    pub kind: Kind,
    pub privacy: Privacy,
    /// The kind decides without it.
    pub duration_s: Option<u32>,
    /// Width and height; the kind decides without them.
    pub size: Option<(u32, u32)>,
    /// Scheduled: private until then.
    pub public_at: Option<i64>,
    /// Live and premiere: upcoming until then. A premiere begins and ends by itself.
    pub starts_at: Option<i64>,
    /// A Short: not known as one before. The settings decide without it.
    pub recognised_at: Option<i64>,
    /// Whether the feed's link, if it is a Short, says so. It often does not.
    pub short_link: bool,
    /// Public for members alone.
    pub members_only: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Short,
    Video,
    Live,
    Premiere,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Privacy {
    Public,
    Unlisted,
    Private,
}

/// A video on YouTube.
#[derive(Clone, Debug, Serialize)]
pub struct Upload {
    pub id: String,
    pub channel: String,
    pub uploaded_ms: i64,
    /// When it was first to be seen, which an unlisted one is at once.
    pub published_ms: Option<i64>,
    pub updated_ms: i64,
    /// What `updated_ms` leaves out, in nanoseconds.
    #[serde(skip)]
    pub updated_nanos: u32,
    pub started_ms: Option<i64>,
    pub ended_ms: Option<i64>,
    pub deleted_ms: Option<i64>,
    #[serde(flatten)]
    pub video: Video,
}

#[derive(Debug, Default)]
pub struct Library {
    channels: Vec<Channel>,
    uploads: Vec<Upload>,
    by_id: BTreeMap<String, usize>,
    /// When something happens by itself, and to which upload.
    pub due: BTreeSet<(i64, usize)>,
}

impl Default for Video {
    fn default() -> Self {
        Self {
            title: "A video".into(),
            description: String::new(),
            kind: Kind::Short,
            privacy: Privacy::Public,
            duration_s: None,
            size: None,
            public_at: None,
            starts_at: None,
            recognised_at: None,
            short_link: true,
            members_only: false,
        }
    }
}

impl Video {
    pub fn short(title: &str) -> Self {
        Self::of(Kind::Short, title)
    }

    pub fn long(title: &str) -> Self {
        Self::of(Kind::Video, title)
    }

    /// A stream that is on the air, unless it is given a start.
    pub fn live(title: &str) -> Self {
        Self::of(Kind::Live, title)
    }

    pub fn premiere(title: &str, starts_at: i64) -> Self {
        Self {
            starts_at: Some(starts_at),
            ..Self::of(Kind::Premiere, title)
        }
    }

    fn of(kind: Kind, title: &str) -> Self {
        Self {
            title: title.into(),
            kind,
            ..Self::default()
        }
    }

    pub fn duration(&self) -> u32 {
        self.duration_s.unwrap_or(match self.kind {
            Kind::Short => 30,
            Kind::Video | Kind::Premiere => 600,
            Kind::Live => 3600,
        })
    }

    pub fn dimensions(&self) -> (u32, u32) {
        self.size.unwrap_or(match self.kind {
            Kind::Short => (1080, 1920),
            _ => (1920, 1080),
        })
    }
}

impl Upload {
    /// Whether somebody who has its address can see it.
    pub fn is_visible(&self) -> bool {
        self.deleted_ms.is_none() && self.video.privacy != Privacy::Private
    }

    pub fn is_public(&self) -> bool {
        self.deleted_ms.is_none() && self.video.privacy == Privacy::Public
    }

    /// Whether YouTube knows it as a Short by now.
    pub fn is_short(&self, now_ms: i64) -> bool {
        let known = self.video.recognised_at.is_none_or(|at| at <= now_ms);
        self.video.kind == Kind::Short && known
    }

    /// `snippet.liveBroadcastContent`.
    pub fn broadcast(&self) -> &'static str {
        match self.video.kind {
            Kind::Short | Kind::Video => "none",
            Kind::Live | Kind::Premiere if self.ended_ms.is_some() => "none",
            Kind::Live | Kind::Premiere if self.started_ms.is_some() => "live",
            Kind::Live | Kind::Premiere => "upcoming",
        }
    }
}

impl Library {
    /// # Errors
    /// When the id is none, or the id or the handle is taken.
    pub fn add_channel(
        &mut self,
        now_ms: i64,
        id: String,
        handle: &str,
        title: &str,
    ) -> Result<&Channel, String> {
        let handle = handle.trim_start_matches('@');
        if id.len() != 24 || !id.starts_with("UC") {
            return Err(format!("{id} is no id of a channel"));
        }
        if handle.is_empty() || self.find(handle).is_some() || self.find(&id).is_some() {
            return Err(format!("{id} or @{handle} is taken or empty"));
        }
        self.channels.push(Channel {
            id,
            handle: handle.into(),
            title: title.into(),
            description: "A channel of the sandbox.".into(),
            created_ms: now_ms,
            changed_ms: now_ms,
            uploads: Vec::new(),
        });
        Ok(self.channels.last().expect("just added"))
    }

    pub fn channels(&self) -> impl Iterator<Item = &Channel> {
        self.channels.iter()
    }

    /// By id, or by handle with or without its `@`, in any case.
    pub fn find(&self, name: &str) -> Option<&Channel> {
        let handle = name.trim_start_matches('@');
        self.channels
            .iter()
            .find(|channel| channel.id == name || channel.handle.eq_ignore_ascii_case(handle))
    }

    /// A video that existed once.
    pub fn upload(&self, id: &str) -> Option<&Upload> {
        self.uploads.get(*self.by_id.get(id)?)
    }

    pub fn upload_mut(&mut self, id: &str) -> Option<&mut Upload> {
        self.uploads.get_mut(*self.by_id.get(id)?)
    }

    pub fn at(&self, index: usize) -> Option<&Upload> {
        self.uploads.get(index)
    }

    /// Every video that ever existed, in the order of upload.
    pub fn uploads(&self) -> impl Iterator<Item = &Upload> {
        self.uploads.iter()
    }

    pub fn add(&mut self, upload: Upload) -> usize {
        let index = self.uploads.len();
        self.by_id.insert(upload.id.clone(), index);
        if let Some(channel) = self.channel_mut(&upload.channel) {
            channel.changed_ms = upload.uploaded_ms;
            channel.uploads.push(index);
        }
        self.uploads.push(upload);
        index
    }

    pub fn channel_mut(&mut self, id: &str) -> Option<&mut Channel> {
        self.channels.iter_mut().find(|channel| channel.id == id)
    }

    /// The public videos of a channel, the last upload first. One that went public late lies below younger ones.
    pub fn public<'a>(&'a self, channel: &'a Channel) -> impl Iterator<Item = &'a Upload> {
        let uploads = channel.uploads.iter().rev();
        uploads
            .filter_map(|index| self.uploads.get(*index))
            .filter(|upload| upload.is_public())
    }

    /// The channel and the videos of an automatic playlist, the last upload first. `None` also when there is nothing in
    /// it: such a playlist does not exist, that of all uploads included, which is the stricter reading.
    ///
    /// Of the prefixes, `UU` is documented by what `channels.list` gives; `UUSH`, `UULF`, `UULV` and `UUMO` (for members)
    /// are not documented by Google (<https://stackoverflow.com/a/76602819>).
    pub fn playlist(&self, id: &str, now_ms: i64) -> Option<(&Channel, Vec<&Upload>)> {
        let (prefix, rest) = id.split_at_checked(id.len().checked_sub(22)?)?;
        let channel = self.find(&format!("UC{rest}"))?;
        let holds = |upload: &&Upload| {
            let members = upload.video.members_only;
            let is_live = matches!(upload.video.kind, Kind::Live);
            let is_short = upload.is_short(now_ms);
            match prefix {
                "UU" => true,
                "UUSH" => is_short && !members,
                "UULV" => is_live && !members,
                "UULF" => !is_short && !is_live && !members,
                "UUMO" => members,
                _ => false,
            }
        };
        let videos: Vec<&Upload> = self.public(channel).filter(holds).collect();
        (!videos.is_empty()).then_some((channel, videos))
    }
}
