//! Pictures and videos: what a file is, whether X takes it, and whether an address may be fetched.

pub mod address;
pub mod inspect;
pub mod rules;
