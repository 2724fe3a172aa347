//! Algorithms against brute force.

mod labels;
mod near;
