//! Ids, tokens and codes, all from one seed.

/// X's epoch: 2010-11-04T01:42:54.657Z. A post id holds the milliseconds since then above its lowest 22 bits.
const SNOWFLAKE_EPOCH_MS: i64 = 1_288_834_974_657;

/// The source of every id. It survives a reset of the sandbox, so that nothing made after a reset equals something
/// made before it.
#[derive(Debug)]
pub struct Ids {
    state: u64,
    last_post: u64,
    transactions: u64,
}

impl Ids {
    pub fn new(seed: u64) -> Self {
        Self {
            state: seed,
            last_post: 0,
            transactions: 0,
        }
    }

    /// The next id of a post: 19 digits for any time since 2018, and greater than every id before it.
    pub fn post(&mut self, now_ms: i64) -> u64 {
        let since_epoch = u64::try_from(now_ms - SNOWFLAKE_EPOCH_MS).unwrap_or(0);
        self.last_post = (since_epoch << 22).max(self.last_post + 1);
        self.last_post
    }

    /// A word of letters and digits, as in `https://t.co/xxxxxxxxxx`, tokens and codes.
    pub fn word(&mut self, length: usize) -> String {
        const LETTERS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        (0..length)
            .map(|_| {
                let index = usize::try_from(self.next() % 62).expect("below 62");
                char::from(LETTERS[index])
            })
            .collect()
    }

    pub fn transaction(&mut self) -> String {
        self.transactions += 1;
        format!("{:016x}", self.transactions)
    }

    /// splitmix64: small, and good enough for names that nobody attacks.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
