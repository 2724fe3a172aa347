//! API keys, plans, quotas and usage in one durable ledger.
