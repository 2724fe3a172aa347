//! Packages as others meet them: written, changed in every way, opened by tools that nobody here wrote.

#[cfg(test)]
mod golden;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod outside;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod support;
