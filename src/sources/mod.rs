//! Sources: what makes posts by itself. A YouTube channel's new Short becomes a post, once, without anybody doing anything.
//!
//! YouTube's hub announces (push), and Godwit looks by itself (poll): push is the accelerator, polling is the guarantee.
//! Whatever sees a video, it is noted once and claimed once for each source; from there on it goes one way:
//!
//! seen (`sight`) → looked at until it is known what it is (`decide`, [`kind`]) → a post (`announce`), or recorded, or
//! left out with a reason.
//!
//! What this part promises: of each video at most one post a source, whatever repeats, races or dies; nothing that was
//! published before the source began. What it relies on: that posts are accepted once under an id.

mod announce; // from an item to a post
mod change; // change, pause, resume, delete
mod connect; // from what people call a channel to its id
mod data_api; // asking YouTube's Data API
mod decide; // looking at videos until it is known what they are
pub mod feed; // YouTube's documents, read
pub mod health; // how new videos are noticed, in words
pub mod ids; // of channels and videos
mod items; // what became of each video
pub mod kind; // Short or not, public or not
pub mod model; // what a source is to the API
mod notice; // what the hub delivers
mod operations; // make, read
mod poll; // looking at channels by ourselves
mod rehearse; // what the newest video would become
pub mod rhythm; // when to look next
mod routes; // the HTTP of all this
mod said; // what people are told
pub mod settings; // how videos become posts
mod settle; // an item to its end
mod sight; // noting what was seen
mod signature; // whether the hub sent it
pub(crate) mod store; // the SQL
mod sweep; // what is due
mod websub; // the subscription at the hub
pub mod wording; // the text of the post
mod youtube; // asking YouTube's feeds and pages

pub use decide::look;
pub use poll::poll;
pub use routes::routes;
pub use sweep::{expired, sweep, wake};
pub use websub::ask as subscribe;
