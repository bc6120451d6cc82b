//! Media: pictures, videos and subtitles, from whoever has them to the platform.
//!
//! A file is kept in pieces, inspected by its bytes, and brought to the platform when a post that uses it is sent
//! (`deliver`), since platforms forget what is not posted within a day. No more than a piece of it is ever in memory.

pub mod address; // which addresses may be fetched
mod chunked; // large files, chunk by chunk
pub(crate) mod deliver; // bringing media to the platform
pub(crate) mod facts; // what its bytes say, as it is stored
mod fetch; // fetching a file from an address
pub mod inspect; // what a file is, from its bytes
mod model; // what a medium is to the API
mod operations; // describing, deleting, clearing away
mod receive; // taking a file in
mod routes; // the HTTP of all this
pub mod rules; // what a platform takes
mod steps; // the steps by which one is brought
pub(crate) mod store; // the SQL

pub use inspect::Kind;
pub use model::{CHUNK_BYTES, Media, Status, Subtitles, UploadState};
pub use operations::clear_unfinished;
pub(crate) use receive::fetched;
pub use routes::routes;
