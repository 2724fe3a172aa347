//! OCI images, Kubernetes manifests and monitoring from a sealed package.
