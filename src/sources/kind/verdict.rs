//! What is decided about a video, and why: stable codes, each with a sentence for a creator.

use crate::time::Timestamp;

/// What becomes of a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is a Short, and everybody can see it.
    Short {
        /// What says so.
        by: By,
    },
    /// It is none, and everybody can see it.
    NotShort {
        /// What says so.
        by: By,
    },
    /// Everybody can see it, and nobody wants to know more.
    Visible {
        /// What says so.
        by: By,
    },
    /// It is looked at again.
    Hold {
        /// What it waits for.
        reason: Hold,
        /// When; always after now.
        look_again_at: Timestamp,
    },
    /// It becomes no post.
    LeaveOut {
        /// Why not.
        reason: Left,
    },
}

/// Makes an enum of reasons: each with its stable code and its sentence.
macro_rules! reasons {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $code:literal, $sentence:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$each])* $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            /// What a creator reads.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self {
                    $(Self::$variant => $sentence,)+
                }
            }
        }
    };
}

reasons! {
    /// What a decision rests on.
    By {
        /// The feed links to `/shorts/…`.
        FeedLink = "feed_link", "The channel's feed links to it as a Short.";
        /// It is in the playlist `UUSH…`.
        Playlist = "playlist", "It is in the channel's list of Shorts.";
        /// The probe answered 200.
        Probe = "probe", "YouTube shows it as a Short.";
        /// Upright or square, and short.
        ApiShape = "api_shape", "It is upright or square, and short enough for a Short.";
        /// Over 180 seconds.
        ApiDuration = "api_duration", "It is longer than three minutes, the most that a Short may have.";
        /// Wider than high.
        ApiLandscape = "api_landscape", "It is wider than high.";
        /// The probe answered 303, late enough.
        ProbeWatch = "probe_watch", "YouTube shows it as an ordinary video, not as a Short.";
        /// The Data API says that it is public.
        ApiPublic = "api_public", "YouTube says that it is public.";
        /// It was in a public list.
        Listed = "listed", "It was announced in a public list of the channel.";
    }
}

reasons! {
    /// What a video waits for.
    Hold {
        /// It has not begun.
        Upcoming = "upcoming", "It is announced and has not started yet; it is looked at again when it is due.";
        /// It is under way.
        Live = "live", "It is live; it is looked at again when it has ended.";
        /// YouTube works on it.
        Processing = "processing", "YouTube is still processing it.";
        /// Private.
        Private = "private", "It is private; for a day it is looked at whether it becomes public.";
        /// Unlisted.
        Unlisted = "unlisted", "It is unlisted; for a day it is looked at whether it becomes public.";
        /// The Data API does not know it.
        Absent = "absent", "YouTube does not show it at the moment. It is posted only if it comes back within a day.";
        /// Nothing says whether everybody sees it.
        VisibilityUnknown = "visibility_unknown", "It is not known yet whether everybody can see it.";
        /// Nothing says what it is.
        KindUnknown = "kind_unknown", "YouTube does not say yet whether it is a Short; a new one often takes some minutes.";
    }
}

reasons! {
    /// Why a video becomes no post.
    Left {
        /// Private for a day.
        Private = "private", "It is private.";
        /// Unlisted for a day.
        Unlisted = "unlisted", "It is unlisted.";
        /// For members.
        MembersOnly = "members_only", "It is for the channel's members only.";
        /// Deleted, or gone for a day.
        Removed = "removed", "It was deleted or made private.";
        /// YouTube does not take it.
        Rejected = "rejected", "YouTube refused it or could not process it.";
        /// Processed for more than a day.
        NeverProcessed = "never_processed", "YouTube had not processed it after a day.";
        /// Live for more than a day.
        Live = "live", "It is a live stream that had not ended after a day.";
        /// Not begun a day after it was due, or due in more than a month.
        NeverStarted = "never_started", "It was announced and did not start in time.";
        /// Nobody knows who can see it.
        VisibilityUnknown = "visibility_unknown", "Nothing said for a day whether everybody can see it.";
        /// Nothing decided it for a day.
        Undecided = "undecided", "YouTube did not say for a day whether it is a Short.";
    }
}
