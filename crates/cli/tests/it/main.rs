//! End to end: the real binary on real data.
#![expect(clippy::disallowed_methods, reason = "inputs of a test need not survive a power cut")]

#[cfg(test)]
mod analyst;
#[cfg(test)]
mod anonymous;
#[cfg(test)]
mod augmented;
#[cfg(test)]
mod backbones;
#[cfg(test)]
mod cluster;
#[cfg(test)]
mod compressed;
#[cfg(test)]
mod deployed;
#[cfg(test)]
mod exported;
mod faults;
#[cfg(test)]
mod hostile;
#[cfg(test)]
#[cfg(feature = "llama")]
mod language;
#[cfg(test)]
mod names;
#[cfg(test)]
mod outside;
#[cfg(test)]
mod packages;
#[cfg(test)]
mod persons;
#[cfg(test)]
#[cfg(feature = "mpi")]
mod processes;
#[cfg(test)]
mod promises;
#[cfg(test)]
mod quality;
#[cfg(test)]
mod risk;
#[cfg(test)]
mod runs;
#[cfg(test)]
mod scanning;
#[cfg(test)]
mod server;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod support;
#[cfg(test)]
mod text;
#[cfg(test)]
mod tools;
#[cfg(test)]
mod treated;
#[cfg(test)]
#[cfg(all(feature = "llama", feature = "nets"))]
mod tuned;
#[cfg(test)]
mod vision;
#[cfg(test)]
mod ways_back;
#[cfg(test)]
mod written;
