//! End to end: the real binary on real data.

#[cfg(test)]
mod faults;
#[cfg(test)]
mod packages;
#[cfg(test)]
mod runs;
#[cfg(test)]
mod server;
#[cfg(test)]
mod support;
