//! Fields of a change: left out, null, or a value.

use serde::{Deserialize, Deserializer};

/// A field of a change, where null is something else than nothing.
#[derive(Debug, Clone, Default)]
pub enum Given<T> {
    /// It is left out.
    #[default]
    Nothing,
    /// It is null.
    Null,
    /// It has this value.
    Value(T),
}

impl<T> Given<T> {
    /// Whether it is there, null or not.
    #[must_use]
    pub const fn is_given(&self) -> bool {
        !matches!(self, Self::Nothing)
    }

    /// Its value, if it has one.
    #[must_use]
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Nothing | Self::Null => None,
        }
    }

    /// What it is after a change of what was there.
    #[must_use]
    pub fn over(self, before: Option<T>) -> Option<T> {
        match self {
            Self::Nothing => before,
            Self::Null => None,
            Self::Value(value) => Some(value),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(|value| value.map_or(Self::Null, Self::Value))
    }
}
