//! Trainers per task.
