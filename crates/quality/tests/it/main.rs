//! Algorithms against brute force.

mod near;
