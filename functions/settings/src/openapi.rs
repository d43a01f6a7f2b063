//! The description of the API, generated from the handlers and the wire types. It adds nothing of its own but titles.

use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::words::Mirrors;
use crate::{audit, connections, feed_file, feeds, notices, practices};

#[derive(OpenApi)]
#[openapi(
    info(title = "Daybook", description = "Keeps an EHR's schedule and each clinician's own calendar in step.", license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")),
    paths(
        connections::create,
        connections::list,
        connections::get,
        connections::change,
        connections::disconnect,
        connections::start,
        connections::sync,
        connections::pause,
        connections::resume,
        connections::confirm_deletions,
        connections::preview,
        connections::calendars,
        practices::get,
        practices::put,
        notices::list,
        audit::list,
        feeds::make,
        feeds::get,
        feeds::revoke,
        feed_file::fetch,
    ),
    components(schemas(Mirrors)),
    security(("practice_key" = [])),
    modifiers(&Keys)
)]
struct Api;

/// Says that a practice's key is a bearer token, and the platform's too.
struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut Document) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("platform_key", scheme.clone());
        components.add_security_scheme("practice_key", scheme);
    }
}

/// In the form of `OpenAPI` 3.1.
pub(crate) fn document() -> Document {
    Api::openapi()
}
