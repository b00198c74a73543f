//! Numbers that look random, and are the same for the same seed.

/// Marsaglia's xorshift.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// Other numbers for each seed.
    pub(crate) fn new(seed: u64) -> Self {
        // Odd times odd: never 0, which would stay 0 for ever. The first numbers of seeds that are
        // close to each other are close as well, so some are left out.
        let mut random = Self(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(2 * seed + 1));
        (0..8).for_each(|_| _ = random.below(2));
        random
    }

    /// A number below `bound`, which is far below 2^64.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }

    /// Mixes a list (Fisher and Yates).
    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}
