//! x
pub struct Appended;
pub const MAX_BATCH: usize = 500;
