//! The sealed package: encryption, signature, bill of materials, keys.
