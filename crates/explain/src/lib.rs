//! Explanations over any predictor: Shapley values, dependence, surrogate trees, reason codes.
