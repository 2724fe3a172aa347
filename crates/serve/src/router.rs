//! Paths and methods.

use crate::app::App;
use crate::route::Route;
use axum::Router;
use axum::extract::Request;
use axum::routing::{MethodRouter, get, post};
use std::sync::Arc;

/// All routes; whatever else is asked gets a problem document.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let mut router = Router::new();
    for route in Route::ALL {
        if route != Route::Unknown {
            router = router.route(route.pattern(), method(app, route));
        }
    }
    let (unknown, wrong) = (Arc::clone(app), Arc::clone(app));
    router
        .fallback(move |request: Request| {
            let app = Arc::clone(&unknown);
            async move { app.answer(Route::Unknown, request).await }
        })
        .method_not_allowed_fallback(move |request: Request| {
            let app = Arc::clone(&wrong);
            async move { app.wrong_method(request) }
        })
}

fn method(app: &Arc<App>, route: Route) -> MethodRouter {
    let app = Arc::clone(app);
    let handler = move |request: Request| {
        let app = Arc::clone(&app);
        async move { app.answer(route, request).await }
    };
    if route.is_metered() { post(handler) } else { get(handler) }
}
