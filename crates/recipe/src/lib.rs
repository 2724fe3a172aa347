//! The recipe file: TOML with spans in, a valid recipe or all its faults out.
