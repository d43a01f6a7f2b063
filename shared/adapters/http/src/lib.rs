//! How adapters speak HTTP: one way out with limits, which a test may replace. It knows no provider.
