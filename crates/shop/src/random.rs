//! Chance that is the same on every platform and with every version.

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014). Written out here
/// because no library promises that its ranges come out the same in its next version.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `limit`, excluded; 0 when there is none.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        // The high half of a product is spread evenly enough for a shop, and always below the limit.
        ((u128::from(self.next()) * limit as u128) >> 64) as usize
    }

    /// A number from `first` to `last`, both included.
    pub(crate) fn between(&mut self, first: i64, last: i64) -> i64 {
        let span = usize::try_from(last - first + 1).unwrap_or(1);
        first + self.below(span) as i64
    }

    /// A number below `limit` of which the low ones are more likely: a shop's bestsellers and regulars.
    pub(crate) fn low_below(&mut self, limit: usize) -> usize {
        self.below(limit).min(self.below(limit))
    }

    /// Puts the items in any order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_numbers_are_those_of_the_published_algorithm() {
        let mut random = Random::new(1_234_567);
        let numbers: Vec<u64> = (0..3).map(|_| random.next()).collect();
        assert_eq!(numbers, [6457827717110365317, 3203168211198807973, 9817491932198370423]);
    }

    #[test]
    fn ranges_are_kept() {
        let mut random = Random::new(7);
        assert!((0..1000).all(|_| (-3..=3).contains(&random.between(-3, 3))));
        assert!((0..1000).all(|_| random.low_below(5) < 5));
        assert_eq!(random.below(0), 0);
    }
}
