//! Money: what calls to X cost.

mod prices;

pub use prices::{Prices, Usd};
