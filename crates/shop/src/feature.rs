//! What makes an arrival special.

/// Something that a generated shop shows, and books must get right.
///
/// Most features are rows that carry their own times and conflict with no other row: whichever arrives first,
/// the books are the same. [`order_matters`](Self::order_matters) tells the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// An order delivered the day after, when its date is closed. Any order of arrival.
    LateOrder,
    /// An order sent again with another quantity and revenue. **Order matters**: the last one wins.
    CorrectedOrder,
    /// An order sent again with a time on the other side of midnight. **Order matters.**
    MovedOrder,
    /// A correction that comes when the order has left the operational store. **Order matters.**
    CorrectedAfterRetention,
    /// Lines delivered one batch before their order. Any order of arrival.
    LinesBeforeOrder,
    /// A line delivered when its order has left the operational store. Any order of arrival.
    LateLine,
    /// Rows of an earlier batch that come again, unchanged, among new ones. Any order of arrival.
    ResentRows,
    /// A whole batch that comes again under another name. Any order of arrival.
    ResentBatch,
    /// An order of negative quantity and revenue. Any order of arrival.
    Return,
    /// A failed payment and then, under another id, a successful one. Any order of arrival.
    FailedThenPaid,
    /// A payment whose pending row is rewritten to success. Any order of arrival: the newer time wins.
    RewrittenPayment,
    /// A success that is rewritten to refunded under the same id. Any order of arrival.
    RefundRewrite,
    /// A refund under an id of its own. Any order of arrival.
    SeparateRefund,
    /// A payment made one or two days after the order. Any order of arrival.
    LatePayment,
    /// A payment made five to ten days after the order. Any order of arrival.
    PaymentPastRetention,
    /// A payment made in time whose webhook comes four or more days later. Any order of arrival.
    LateWebhook,
    /// The same webhook twice. Any order of arrival.
    RepeatedWebhook,
    /// A payment's newer state delivered before its older one. Any order of arrival.
    WebhooksOutOfOrder,
    /// An order that nobody ever pays. Any order of arrival.
    UnpaidOrder,
    /// A price change that comes in a catalogue batch. Any order of arrival.
    PriceChangeByBatch,
    /// A price change that comes as an event. Any order of arrival.
    PriceChangeByEvent,
    /// A price change whose event comes one to four days late. Any order of arrival.
    LatePriceChange,
    /// A price change by SQL. **Order matters**, and the clock: it takes the time at which it runs.
    PriceChangeBySql,
    /// A variant's title changes and its price does not. Any order of arrival.
    TitleOnlyChange,
    /// A product's title changes, by a batch. **Order matters**: a product's row has no time of its own.
    ProductTitleChange,
    /// A product that joins the catalogue. Any order of arrival.
    NewProduct,
    /// A variant that is sold days before its catalogue rows come. Any order of arrival.
    SoldBeforeCatalogue,
    /// A product that an engineer deletes, with its variants. **Order matters**, and the clock.
    DeletedProduct,
    /// A variant that an engineer deletes. **Order matters**, and the clock.
    DeletedVariant,
    /// Two variants whose ids differ only by case. Any order of arrival.
    IdsDifferByCase,
    /// Titles with commas, quotes and letters beyond ASCII. Any order of arrival.
    AwkwardText,
    /// Rows that break the contract and are refused. Any order of arrival.
    Dirt,
}

impl Feature {
    /// Every feature.
    pub const ALL: [Self; 32] = [
        Self::LateOrder,
        Self::CorrectedOrder,
        Self::MovedOrder,
        Self::CorrectedAfterRetention,
        Self::LinesBeforeOrder,
        Self::LateLine,
        Self::ResentRows,
        Self::ResentBatch,
        Self::Return,
        Self::FailedThenPaid,
        Self::RewrittenPayment,
        Self::RefundRewrite,
        Self::SeparateRefund,
        Self::LatePayment,
        Self::PaymentPastRetention,
        Self::LateWebhook,
        Self::RepeatedWebhook,
        Self::WebhooksOutOfOrder,
        Self::UnpaidOrder,
        Self::PriceChangeByBatch,
        Self::PriceChangeByEvent,
        Self::LatePriceChange,
        Self::PriceChangeBySql,
        Self::TitleOnlyChange,
        Self::ProductTitleChange,
        Self::NewProduct,
        Self::SoldBeforeCatalogue,
        Self::DeletedProduct,
        Self::DeletedVariant,
        Self::IdsDifferByCase,
        Self::AwkwardText,
        Self::Dirt,
    ];

    /// Whether the books depend on when this arrives, relative to other arrivals. Such features appear only
    /// with [`ShopOptions::corrections`](crate::ShopOptions::corrections) or
    /// [`ShopOptions::untimed_changes`](crate::ShopOptions::untimed_changes).
    pub const fn order_matters(self) -> bool {
        matches!(
            self,
            Self::CorrectedOrder
                | Self::MovedOrder
                | Self::CorrectedAfterRetention
                | Self::PriceChangeBySql
                | Self::ProductTitleChange
                | Self::DeletedProduct
                | Self::DeletedVariant
        )
    }
}
