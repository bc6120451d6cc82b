//! Pictures and videos: what a file is.

pub mod inspect;
