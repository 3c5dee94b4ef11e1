//! The words of which products are made.

/// A kind of product: its type, what it is called, and in which forms it comes (title, id suffix).
pub(crate) struct Range {
    pub(crate) product_type: &'static str,
    pub(crate) nouns: [&'static str; 4],
    pub(crate) forms: &'static [(&'static str, &'static str)],
    /// The lowest price, in cents.
    pub(crate) from: i64,
}

pub(crate) const RANGES: [Range; 7] = [
    Range {
        product_type: "mugs",
        nouns: ["Espresso Cup", "Coffee Mug", "Tea Bowl", "Travel Mug"],
        forms: &[("250 ml", "250"), ("400 ml", "400")],
        from: 690,
    },
    Range {
        product_type: "tea",
        nouns: ["Green Tea", "Breakfast Blend", "Herbal Infusion", "Rooibos"],
        forms: &[("100 g tin", "100"), ("250 g bag", "250"), ("1 kg sack", "1000")],
        from: 450,
    },
    Range {
        product_type: "stationery",
        nouns: ["Notebook", "Sketchbook", "Letter Set", "Desk Calendar"],
        forms: &[("A5", "A5"), ("A4", "A4")],
        from: 520,
    },
    Range {
        product_type: "candles",
        nouns: ["Pillar Candle", "Scented Candle", "Tealight Set", "Lantern"],
        forms: &[("Standard", "STD")],
        from: 390,
    },
    Range {
        product_type: "textiles",
        nouns: ["Tea Towel", "Cushion Cover", "Wool Throw", "Apron"],
        forms: &[("Small", "S"), ("Medium", "M"), ("Large", "L")],
        from: 890,
    },
    Range {
        product_type: "prints",
        nouns: ["Botanical Print", "City Map", "Bird Poster", "Star Chart"],
        forms: &[("Unframed", "U"), ("Framed", "F")],
        from: 1490,
    },
    Range {
        product_type: "toys",
        nouns: ["Wooden Train", "Spinning Top", "Shape Sorter", "Marble Run"],
        forms: &[("Standard", "STD")],
        from: 1190,
    },
];

pub(crate) const ADJECTIVES: [&str; 8] =
    ["Harbour", "Meadow", "Copper", "Midnight", "Saffron", "Nordic", "Orchard", "Foxglove"];

/// Titles that trip up careless readers of CSV.
pub(crate) const AWKWARD_TITLES: [&str; 5] = [
    "Café \"Crème\" Bowl, Extra Large",
    "Tea Towel \"Home, Sweet Home\"",
    "抹茶 Matcha Whisk, 100 本立",
    "Zoë's Notebook – ruled, 80 g/m²",
    "\"O'Brien & Søn\" Candle, £-free",
];
