//! Predictors: the trait and the engines behind it.
