//! A real scheduler with real executors over TLS on loopback.

#[cfg(test)]
mod loopback;
