//! The only place that writes to the standard streams.

use std::io::Write;

/// A line on standard output; a closed pipe is not an error.
pub(crate) fn out(text: &str) {
    let mut stream = std::io::stdout().lock();
    let _ = writeln!(stream, "{}", text.trim_end_matches('\n'));
}

/// A line on standard error.
pub(crate) fn err(text: &str) {
    let mut stream = std::io::stderr().lock();
    let _ = writeln!(stream, "{}", text.trim_end_matches('\n'));
}
