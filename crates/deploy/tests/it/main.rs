//! Deployment as the tools of others see it.

#[cfg(test)]
mod image;
#[cfg(test)]
mod kubernetes;
#[cfg(test)]
mod monitoring;
#[cfg(test)]
mod prometheus;
#[cfg(test)]
mod tools;
