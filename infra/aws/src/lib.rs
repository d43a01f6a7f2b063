//! What the functions have in common on AWS: configuration, clients, logs, metrics. It decides nothing.
