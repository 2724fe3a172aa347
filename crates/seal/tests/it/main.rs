//! Packages as others meet them: written, changed in every way, opened by tools that nobody here wrote.

mod golden;
mod hostile;
mod opening;
mod outside;
mod refusals;
mod support;
