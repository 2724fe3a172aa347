//! The stage graph: cache, lineage and the order of work.
