//! The HTTP server: authentication, batching, metering, metrics.
