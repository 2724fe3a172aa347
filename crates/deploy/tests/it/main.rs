//! Deployment as the tools of others see it.

mod image;
mod kubernetes;
mod monitoring;
mod tools;
