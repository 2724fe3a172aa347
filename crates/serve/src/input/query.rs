//! The query of `/api/predict` and `/api/explain`: a model's name, and nothing else.

use crate::messages::{QUERY, QUERY_TWICE, QUERY_UNKNOWN};
use crate::problem::Problem;
use axum::extract::Query;
use axum::http::Uri;
use ingot_base::Fault;

/// The query parameters that there are.
const KNOWN: &str = "model";
/// Characters of a name that are repeated.
const SHOWN: usize = 100;

/// The model that the query names. A parameter that would be passed over is refused: whoever sent it meant something.
pub(crate) fn model(uri: &Uri) -> Result<Option<String>, Problem> {
    if uri.query().is_none_or(str::is_empty) {
        return Ok(None);
    }
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri)
        .map_err(|_| Problem::new(Fault::new(&QUERY)))?;
    let mut model = None;
    for (name, value) in pairs {
        let shown = || name.chars().take(SHOWN).collect::<String>();
        if name != KNOWN {
            let fault = Fault::new(&QUERY_UNKNOWN).arg("field", shown()).arg("known", KNOWN);
            return Err(Problem::new(fault));
        }
        if model.replace(value).is_some() {
            return Err(Problem::new(Fault::new(&QUERY_TWICE).arg("field", shown())));
        }
    }
    Ok(model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_a_model_or_is_refused() {
        let read = |uri: &str| {
            model(&uri.parse().unwrap()).map_err(|problem| problem.fault().code().to_owned())
        };
        assert_eq!(read("/api/predict"), Ok(None));
        assert_eq!(read("/api/predict?"), Ok(None));
        assert_eq!(read("/api/predict?model=a%20b"), Ok(Some("a b".to_owned())));
        assert_eq!(read("/api/predict?modell=a"), Err("serve-query-unknown".to_owned()));
        assert_eq!(read("/api/predict?model=a&explain=1"), Err("serve-query-unknown".to_owned()));
        assert_eq!(read("/api/predict?model=a&model=a"), Err("serve-query-twice".to_owned()));
    }
}
