//! Messages of the engines below, without what they may quote of a row.

/// What engines and this room say of a failure in words of their own, up to where they may quote a cell or go on about one.
const OWN_WORDS: &[&str] = &[
    "Arrow error",
    "Arithmetic overflow",
    "Cannot cast string",
    "Cannot cast value",
    "Cast error",
    "Compute error",
    "Divide by zero error",
    "Error parsing timestamp from",
    "Execution error",
    "External error",
    "Internal error",
    "Invalid argument error",
    "Not yet implemented",
    "Optimizer rule",
    "Overflow happened on",
    "Parser error",
    "Regular expression did not compile",
    "Resources exhausted",
    "Schema error",
    "This feature is not implemented",
    "column index",
    "not a condition",
];

/// An engine's message as far as its words are known not to be a cell's: the rest may quote one, a pattern of which some row made nonsense
/// for instance.
pub(crate) fn without_values(message: &str) -> String {
    let mut said: Vec<&str> = Vec::new();
    let line = message.lines().next().unwrap_or_default();
    for part in line.split(':').map(str::trim) {
        let known = OWN_WORDS.iter().find(|words| part.starts_with(**words));
        said.extend(known);
        if known.is_none_or(|words| *words != part) {
            said.push("…");
            break;
        }
    }
    said.join(": ")
}

#[cfg(test)]
mod tests {
    use super::without_values;

    #[test]
    fn an_engines_message_quotes_no_cell() {
        for (message, told) in [
            ("Compute error: Divide by zero error", "Compute error: Divide by zero error"),
            ("Schema error: column index", "Schema error: column index"),
            (
                "Compute error: Regular expression did not compile: Syntax(\nSECRETNAME(\n^)",
                "Compute error: Regular expression did not compile: …",
            ),
            (
                "Compute error: Regular expression did not compile: SECRETNAME(",
                "Compute error: Regular expression did not compile: …",
            ),
            (
                "Cast error: Cannot cast string SECRETNAME to value of Int32 type",
                "Cast error: Cannot cast string: …",
            ),
            ("Execution error: SECRETNAME is no month", "Execution error: …"),
            ("SECRETNAME: Cast error: 7", "…"),
            ("", "…"),
        ] {
            assert_eq!(without_values(message), told, "{message}");
            // What was cut is cut no further by whoever passes it on.
            assert_eq!(without_values(&without_values(message)), told, "{message}");
        }
    }
}
