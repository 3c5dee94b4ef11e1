//! The dates of many orders, in little memory.

use super::content::hash;

/// Finds an order's date by its id, of which it keeps 96 bits of a hash: with as many orders as fit, two of them
/// sharing those is less likely than 10⁻¹⁴.
///
/// Ids that differ in their last two digits only lie side by side. Most shops count their orders, and tables hold them
/// about in that order, so the next one is mostly near the last one, and in the processor's cache.
#[derive(Debug)]
pub(crate) struct OrderDates {
    slots: Vec<Slot>,
    taken: usize,
}

/// 96 bits of the hash, and then 32 of the date. As a number, so that many free ones are memory which the system clears
/// when it is first used.
type Slot = u128;

/// No date's slot: PostgreSQL's infinities end beyond the least number of days, and the decoder refuses them.
const FREE: Slot = 0;

const DATE_BITS: u128 = u32::MAX as u128;

fn slot(key: OrderKey, days: i32) -> Slot {
    key.hash & !DATE_BITS | Slot::from((days ^ i32::MIN).cast_unsigned())
}

fn days(slot: Slot) -> i32 {
    (slot & DATE_BITS) as i32 ^ i32::MIN
}

/// The table is full.
#[derive(Debug, thiserror::Error)]
#[error("there are more orders than the size of their table allows")]
pub(crate) struct TooManyOrders;

impl OrderDates {
    /// Room for `orders`, with a fifth left free so that searches end. They are short where a third is free or more, which
    /// is so unless ids are of a few characters.
    pub(crate) fn with_capacity(orders: usize) -> Self {
        Self { slots: vec![FREE; orders + orders / 4 + 16], taken: 0 }
    }

    /// Notes that the order whose id has the key `key` belongs to `days` since 1970.
    pub(crate) fn insert(&mut self, key: OrderKey, days: i32) -> Result<(), TooManyOrders> {
        // One always stays free, where a search ends.
        if self.taken + 1 >= self.slots.len() {
            return Err(TooManyOrders);
        }
        let index = self.find(key);
        self.taken += usize::from(self.slots[index] == FREE);
        self.slots[index] = slot(key, days);
        Ok(())
    }

    /// The date of an order that was noted.
    pub(crate) fn get(&self, key: OrderKey) -> Option<i32> {
        let slot = self.slots[self.find(key)];
        (slot != FREE).then(|| days(slot))
    }

    /// The slot that holds `key`, or the free one where it belongs.
    fn find(&self, key: OrderKey) -> usize {
        // the hash, scaled to the number of slots
        let home = ((u128::from(key.home) * self.slots.len() as u128) >> 64) as usize;
        let mut index = home + key.offset;
        // hardly ever, and a division takes longer than all the rest
        if index >= self.slots.len() {
            index %= self.slots.len();
        }
        loop {
            let slot = self.slots[index];
            if slot == FREE || (slot ^ key.hash) & !DATE_BITS == 0 {
                return index;
            }
            index = if index + 1 == self.slots.len() { 0 } else { index + 1 };
        }
    }
}

/// What stands for an order's id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OrderKey {
    /// Where the hundred of its id begins, and where in it the id is.
    home: u64,
    offset: usize,
    hash: u128,
}

impl OrderKey {
    pub(crate) fn of(id: &[u8]) -> Self {
        let (hundred, offset) = match id {
            [hundred @ .., tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
                (hundred, usize::from(tens - b'0') * 10 + usize::from(ones - b'0'))
            }
            other => (other, 0),
        };
        Self { home: hash(hundred) as u64, offset, hash: hash(id) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u32) -> OrderKey {
        OrderKey::of(number.to_string().as_bytes())
    }

    #[test]
    fn each_order_has_its_own_date() {
        let mut dates = OrderDates::with_capacity(1000);
        for number in 0..1000 {
            dates.insert(key(number), number.cast_signed()).unwrap();
        }
        for number in 0..1000 {
            assert_eq!(dates.get(key(number)), Some(number.cast_signed()));
        }
        assert_eq!(dates.get(key(1000)), None);
    }

    #[test]
    fn counted_orders_lie_side_by_side() {
        let dates = OrderDates::with_capacity(100_000);
        let index = |id: &str| dates.find(OrderKey::of(id.as_bytes()));
        assert_eq!(index("1000000001299"), index("1000000001200") + 99);
        assert!(index("1000000001300").abs_diff(index("1000000001299")) > 1);
        for id in ["", "7", "a", "x7", "ordër"] {
            index(id);
        }
    }

    #[test]
    fn it_never_grows() {
        let mut dates = OrderDates::with_capacity(2);
        let slots = dates.slots.capacity();
        let refused = (0..100).find(|number| dates.insert(key(*number), 1).is_err());
        assert!(refused.is_some());
        assert_eq!(dates.slots.capacity(), slots);
        assert_eq!(dates.get(key(99)), None, "and a search still ends");
    }
}
