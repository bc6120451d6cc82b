//! What X's plans allow an app in a month.

/// A plan of X.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Every call is paid for; the only one that X sells since 2026-02.
    PayPerUse,
    /// The old free one.
    Free,
    /// The old one for $200 a month.
    Basic,
    /// The old one for $5,000 a month.
    Pro,
    /// By contract.
    Enterprise,
}

/// How many in a month; `None`: as many as one pays for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quota {
    /// Posts that are created.
    pub posts: Option<u32>,
    /// Posts that are read.
    pub reads: Option<u32>,
}

impl Plan {
    /// Every plan, by its name in the configuration.
    pub const ALL: [(&'static str, Self); 5] = [
        ("pay_per_use", Self::PayPerUse),
        ("free", Self::Free),
        ("basic", Self::Basic),
        ("pro", Self::Pro),
        ("enterprise", Self::Enterprise),
    ];

    /// Reads a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let found = Self::ALL.into_iter().find(|(known, _)| *known == name);
        found.map(|(_, plan)| plan)
    }

    /// What X allows an app of this plan (<https://docs.x.com/x-api/getting-started/pricing>; the old plans as
    /// <https://docs.x.com/x-api/getting-started/about-x-api> had them until they were closed).
    #[must_use]
    pub const fn quota(self) -> Quota {
        let (posts, reads) = match self {
            Self::PayPerUse => (None, Some(3_000_000)),
            Self::Free => (Some(500), Some(100)),
            Self::Basic => (Some(50_000), Some(15_000)),
            Self::Pro => (Some(300_000), Some(1_000_000)),
            Self::Enterprise => (None, None),
        };
        Quota { posts, reads }
    }
}
