//! What all pages of the sandbox share: the week grid, dates, the stylesheet, and the headers that guard an answer.
//! It knows no records.

pub(crate) mod answer;
pub(crate) mod dates;
pub(crate) mod grid;
