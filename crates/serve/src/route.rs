//! The routes, as metrics, the ledger and the document name them.

use ingot_ledger::Scope;

/// One route; also what its label in metrics is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    Predict,
    Explain,
    InferenceServer,
    InferenceLive,
    InferenceReady,
    InferenceModel,
    InferenceVersion,
    InferenceModelReady,
    InferenceVersionReady,
    Infer,
    InferVersion,
    Chat,
    Completions,
    OpenAiModels,
    OpenAiModel,
    Embeddings,
    Health,
    Ready,
    Metrics,
    OpenApi,
    Docs,
    Console,
    Unknown,
}

impl Route {
    pub(crate) const ALL: [Self; 23] = [
        Self::Predict,
        Self::Explain,
        Self::InferenceServer,
        Self::InferenceLive,
        Self::InferenceReady,
        Self::InferenceModel,
        Self::InferenceVersion,
        Self::InferenceModelReady,
        Self::InferenceVersionReady,
        Self::Infer,
        Self::InferVersion,
        Self::Chat,
        Self::Completions,
        Self::OpenAiModels,
        Self::OpenAiModel,
        Self::Embeddings,
        Self::Health,
        Self::Ready,
        Self::Metrics,
        Self::OpenApi,
        Self::Docs,
        Self::Console,
        Self::Unknown,
    ];

    pub(crate) const fn index(self) -> usize {
        self as usize
    }

    /// The path as the router and the document write it.
    pub(crate) const fn pattern(self) -> &'static str {
        match self {
            Self::Predict => "/api/predict",
            Self::Explain => "/api/explain",
            Self::InferenceServer => "/v2",
            Self::InferenceLive => "/v2/health/live",
            Self::InferenceReady => "/v2/health/ready",
            Self::InferenceModel => "/v2/models/{model}",
            Self::InferenceVersion => "/v2/models/{model}/versions/{version}",
            Self::InferenceModelReady => "/v2/models/{model}/ready",
            Self::InferenceVersionReady => "/v2/models/{model}/versions/{version}/ready",
            Self::Infer => "/v2/models/{model}/infer",
            Self::InferVersion => "/v2/models/{model}/versions/{version}/infer",
            Self::Chat => "/v1/chat/completions",
            Self::Completions => "/v1/completions",
            Self::OpenAiModels => "/v1/models",
            Self::OpenAiModel => "/v1/models/{model}",
            Self::Embeddings => "/v1/embeddings",
            Self::Health => "/healthz",
            Self::Ready => "/readyz",
            Self::Metrics => "/metrics",
            Self::OpenApi => "/openapi.json",
            Self::Docs => "/docs",
            Self::Console => "/console",
            Self::Unknown => "other",
        }
    }

    /// Whether requests carry a body and are recorded in the ledger.
    pub(crate) const fn is_metered(self) -> bool {
        matches!(
            self,
            Self::Predict | Self::Explain | Self::Infer | Self::InferVersion | Self::Embeddings
        ) || self.generates()
    }

    /// Whether answers are generated, which takes longer than others may.
    pub(crate) const fn generates(self) -> bool {
        matches!(self, Self::Chat | Self::Completions)
    }

    /// Whether `OpenAI`'s interface says how errors look.
    pub(crate) fn is_openai(self) -> bool {
        self.pattern().starts_with("/v1")
    }

    /// Whether the Open Inference Protocol says how errors look.
    pub(crate) fn is_inference(self) -> bool {
        self.pattern().starts_with("/v2")
    }

    /// The scope that a key needs; `None` for what is open to all.
    pub(crate) const fn scope(self) -> Option<Scope> {
        match self {
            Self::Predict
            | Self::Infer
            | Self::InferVersion
            | Self::Chat
            | Self::Completions
            | Self::OpenAiModels
            | Self::OpenAiModel
            | Self::Embeddings
            | Self::InferenceModel
            | Self::InferenceVersion => Some(Scope::Predict),
            Self::Explain => Some(Scope::Explain),
            _ => None,
        }
    }

    /// What the route answers with when it succeeds.
    pub(crate) const fn offers(self) -> &'static str {
        match self {
            Self::Metrics => "text/plain",
            Self::Docs | Self::Console => "text/html",
            _ => "application/json",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_routes_stand_at_their_index() {
        for (index, route) in Route::ALL.into_iter().enumerate() {
            assert_eq!(route.index(), index);
        }
    }
}
