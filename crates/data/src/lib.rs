//! Sources, cleaning, splits and encrypted Parquet.
