//! Why a function cannot work. It mends nothing.

/// Somebody must change something, or it will be better later.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct StartError {
    what: String,
    #[source]
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StartError {
    /// Without a cause beneath it.
    pub fn new(what: &str) -> Self {
        Self { what: what.to_owned(), cause: None }
    }
}

/// Keeps the cause of what went wrong.
pub fn failed<E: std::error::Error + Send + Sync + 'static>(what: &str) -> impl FnOnce(E) -> StartError {
    move |cause| StartError { what: what.to_owned(), cause: Some(Box::new(cause)) }
}
