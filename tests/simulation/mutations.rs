//! Godwit with one of its safeguards taken out, at the ports: the simulation must notice each.

use super::rules::Rule;
use godwit::ports::{ResultSet, Statement};

/// What is taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// The gate forgets what it sends.
    Journal,
    /// The gate does not compare claims.
    EpochCheck,
    /// A settle does not ask whose claim it is.
    SettleGuard,
    /// What is uncertain is taken as not sent.
    Reconcile,
    /// Two refreshes of one account may run at once.
    SingleFlight,
    /// A first request that died holds its key for ever.
    IdempotencyLease,
    /// Nothing is swept.
    Sweep,
    /// A video that is seen again is claimed again.
    Claim,
    /// A source begins with all that there is.
    Baseline,
}

impl Mutation {
    /// What then breaks, beyond the missing safeguard itself.
    pub const fn breaks(self) -> &'static [Rule] {
        match self {
            Self::Journal | Self::Reconcile => &[Rule::SentOnce],
            Self::EpochCheck | Self::SettleGuard => &[
                Rule::CanceledStays,
                Rule::ToldTruly,
                Rule::ExactlyWritten,
                Rule::SentOnce,
            ],
            Self::SingleFlight => &[Rule::RefreshedAlone],
            Self::IdempotencyLease => &[Rule::AnsweredOnce],
            Self::Sweep => &[Rule::NothingStuck],
            Self::Claim => &[Rule::SourceOnce],
            Self::Baseline => &[Rule::NothingOld],
        }
    }

    /// A statement of the database, changed.
    pub fn at_database(self, statement: Statement) -> Statement {
        match self {
            Self::SettleGuard if statement.sql.contains("attempt_log = json_insert") => {
                replaced(statement, "AND epoch = ?3", "AND ?3 = ?3")
            }
            Self::SettleGuard if statement.sql.starts_with("INSERT INTO parts") => {
                replaced(statement, "AND epoch = ?3", "AND ?3 = ?3")
            }
            Self::IdempotencyLease if statement.sql.contains("0, '', ?5)") => {
                replaced(statement, "0, '', ?5)", "0, '', ?5 + 86400000)")
            }
            Self::Claim if statement.sql.starts_with("INSERT INTO source_items") => {
                let claim = "WHERE NOT EXISTS (SELECT 1 FROM source_items i WHERE i.source_id = s.id AND i.video_id = v.video_id)";
                let seen_again = replaced(statement, claim, "WHERE 1");
                let update = "DO UPDATE SET state = excluded.state, post_id = NULL";
                replaced(seen_again, "DO NOTHING", update)
            }
            Self::Baseline if statement.sql.starts_with("INSERT INTO source_items") => {
                replaced(statement, "v.published_at < s.baseline_at", "0")
            }
            // It is asked for once more before the post.
            Self::Baseline if statement.sql.contains("s.baseline_at, s.settings") => {
                replaced(statement, "s.baseline_at, ", "0 AS baseline_at, ")
            }
            _ => statement,
        }
    }

    /// A statement of a gate's storage, changed; or what it gives without having run.
    pub fn at_gate(self, statement: Statement) -> Result<Statement, ResultSet> {
        match self {
            Self::Journal if statement.sql.contains("INTO journal") => Err(ResultSet {
                rows: Vec::new(),
                changes: 1,
            }),
            Self::EpochCheck if statement.sql.starts_with("SELECT epoch, round") => Ok(replaced(
                statement,
                "SELECT epoch, round",
                "SELECT min(epoch, 0) AS epoch, round",
            )),
            _ => Ok(statement),
        }
    }
}

// A text that is not there means that the safeguard has moved, and that nothing would be taken out.
fn replaced(statement: Statement, from: &str, to: &str) -> Statement {
    thread_local! {
        static KNOWN: std::cell::RefCell<std::collections::BTreeMap<&'static str, &'static str>> =
            const { std::cell::RefCell::new(std::collections::BTreeMap::new()) };
    }
    let sql = KNOWN.with_borrow_mut(|known| {
        *known.entry(statement.sql).or_insert_with(|| {
            assert!(
                statement.sql.contains(from),
                "{from} is not in {}",
                statement.sql
            );
            statement.sql.replace(from, to).leak()
        })
    });
    Statement { sql, ..statement }
}
