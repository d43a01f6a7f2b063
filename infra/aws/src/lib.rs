//! What the functions have in common on AWS: configuration, clients, the engine put together from what a function may
//! reach, logs, metrics, serving. It decides nothing, and of the doors it knows nothing.

mod clients;
mod config;
mod house;
mod keeper;
mod letters;
mod logs;
mod metrics;
mod part;
mod providers;
mod serve;
mod start;

pub use clients::shared_config;
pub use house::House;
pub use metrics::Metrics;
pub use part::Part;
pub use serve::{doors, events};
pub use start::{StartError, failed};
