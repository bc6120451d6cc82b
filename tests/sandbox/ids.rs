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
        self.of_letters(
            b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            length,
        )
    }

    /// A word of the letters of base64url, as the ids of videos and channels are.
    pub fn name(&mut self, length: usize) -> String {
        self.of_letters(
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
            length,
        )
    }

    /// A decimal number of this many digits, the first of them not 0.
    pub fn decimal(&mut self, digits: usize) -> String {
        self.of_letters(b"123456789", 1) + &self.of_letters(b"0123456789", digits - 1)
    }

    /// A number from 0 up to this one, exclusive.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// True for this share of the calls: never for 0, always for 1.
    pub fn chance(&mut self, share: f64) -> bool {
        let millionths = u32::try_from(self.below(1_000_000)).expect("below a million");
        f64::from(millionths) < share * 1_000_000.0
    }

    fn of_letters(&mut self, letters: &[u8], length: usize) -> String {
        (0..length)
            .map(|_| {
                let index = self.below(letters.len() as u64);
                char::from(letters[usize::try_from(index).expect("an index")])
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
