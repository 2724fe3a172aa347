//! The documentation page: one file, nothing from outside, made by the browser from `/openapi.json`.

use axum::body::Bytes;
use axum::http::{HeaderName, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const PAGE: &str = include_str!("docs/page.html");
const STYLE: &str = include_str!("docs/style.css");
const SCRIPT: &str = include_str!("docs/script.js");

/// The page, and the policy that lets nothing else run in it.
#[derive(Debug)]
pub(crate) struct Docs {
    pub(crate) page: Bytes,
    policy: Option<HeaderValue>,
}

impl Docs {
    pub(crate) fn new() -> Self {
        let page = PAGE.replace("{{style}}", STYLE).replace("{{script}}", SCRIPT);
        let policy = format!(
            "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'",
            hash(SCRIPT),
            hash(STYLE)
        );
        Self { page: page.into(), policy: HeaderValue::from_str(&policy).ok() }
    }

    pub(crate) fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let policy = self.policy.clone().map(|policy| (header::CONTENT_SECURITY_POLICY, policy));
        policy.into_iter().chain([referrer()]).collect()
    }
}

/// How a policy names a script or a style that may be used.
pub(crate) fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}

/// Nobody whom a page leads to is told of it.
pub(crate) fn referrer() -> (HeaderName, HeaderValue) {
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_comes_from_outside() {
        let docs = Docs::new();
        let page = std::str::from_utf8(&docs.page).unwrap();
        assert!(page.contains(STYLE) && page.contains(SCRIPT));
        for foreign in ["http://", "https://", "//cdn", " src=", "@import", "url("] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        assert_eq!(docs.headers().len(), 2);
    }
}
