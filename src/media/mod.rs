//! Pictures and videos: what a file is, and whether X takes it.

pub mod inspect;
pub mod rules;
