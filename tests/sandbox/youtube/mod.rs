//! A strict stand-in for YouTube, as far as an announcer of videos meets it, and for Google's WebSub hub.
//!
//! What it promises:
//! - Bodies, texts and headers are those of the real ones, from their documentation and from reports of their users.
//!   Where neither says, the stricter reading was taken and the function says so.
//! - [`Tube`] is pure: time comes in as a parameter and every id and chance from a seed. What the hub sends is an
//!   [`Outgoing`]: the driver performs it and reports back. A simulation is one driver, [`YouTube`], with a real socket
//!   and a real client, is the other.
//! - One origin serves everything: feed, probe and pages, the Data API below `/youtube/v3`, the hub at `/subscribe`.
//!   Addresses inside of bodies stay those of the real services, topics above all.
//! - The hub has the moods of the real one ([`Mood`]), and every service has outages on command ([`Outage`]).
//! - It counts what it received and sent, units of the quota included.
//!
//! What it does not do: play anything, comments, search, live chats, playlists that people make, sign-in.
//!
//! | file | holds |
//! |---|---|
//! | `tube.rs`, `call.rs`, `answer.rs` | [`Tube`]: the state, and what every request goes through |
//! | `settings.rs`, `outages.rs`, `record.rs`, `control.rs` | what a test chooses, scripts, counts and commands |
//! | `library.rs`, `studio.rs` | channels and videos; what creators do with them |
//! | `feed.rs`, `probe.rs`, `pages.rs`, `xml.rs` | what anybody can read: the feeds, `/shorts/…`, pages |
//! | `data.rs`, `google.rs`, `resources.rs`, `quota.rs` | the Data API: requests, refusals, resources, units |
//! | `hub.rs`, `outgoing.rs`, `distribution.rs`, `notice.rs`, `signing.rs` | subscriptions; what the hub sends |
//! | `server.rs` | the socket, and the client that performs what the hub sends |
//! | `samples/` | notifications that real hubs sent, byte for byte |

pub mod answer;
pub mod call;
pub mod control;
pub mod data;
pub mod distribution;
pub mod feed;
pub mod google;
pub mod hub;
pub mod library;
pub mod notice;
pub mod outages;
pub mod outgoing;
pub mod pages;
pub mod probe;
pub mod quota;
pub mod record;
pub mod resources;
pub mod server;
pub mod settings;
pub mod signing;
pub mod studio;
pub mod tube;
pub mod xml;

#[allow(
    unused_imports,
    reason = "each target that includes the sandbox uses a part of it"
)]
pub use {
    distribution::Signed,
    library::{Channel, DEMO_CHANNEL, Kind, Privacy, Upload, Video},
    outages::{Effect, On, Outage},
    outgoing::Outgoing,
    server::YouTube,
    settings::{Distribution, HubSettings, Mood, Settings, Verifies},
    signing::Method,
    tube::Tube,
};
