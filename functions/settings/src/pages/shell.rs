//! What every page has: a head, who is here, the way back to the EHR, logging out; and the policy under which browsers
//! show it. It knows no page's content.

use askama::Template;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::response::{Html, IntoResponse, Response};
use daybook_core::launch::Role;
use daybook_engine::ports::Practice;

use super::Ending;
use super::session::{Guest, TOKEN_FIELD};

/// The frame of a page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shell {
    /// Nobody is here.
    is_strange: bool,
    pub practice: String,
    pub role: &'static str,
    pub return_url: Option<String>,
    token: String,
    frames: Vec<String>,
}

impl Guest {
    /// The frame of this guest's pages.
    pub fn shell(&self) -> Shell {
        let visitor = &self.session.visitor;
        Shell {
            is_strange: false,
            practice: visitor.practice.to_string(),
            role: match visitor.role {
                Role::Clinician => "Clinician",
                Role::Admin => "Administrator",
                Role::Delegate => "Acting for a clinician",
            },
            return_url: visitor.return_url.clone(),
            token: self.token.clone(),
            frames: self.practice.frame_origins.clone(),
        }
    }
}

impl Shell {
    /// Of a page for somebody whom we do not know.
    pub fn strange() -> Self {
        Self { is_strange: true, ..Self::default() }
    }

    /// The same, where the practice's own EHR may be showing it.
    pub fn strange_in(practice: &Practice) -> Self {
        Self { frames: practice.frame_origins.clone(), ..Self::strange() }
    }

    pub fn has_guest(&self) -> bool {
        !self.is_strange
    }

    /// The hidden field that each form holds. Made of letters and digits only.
    pub fn token_field(&self) -> String {
        format!("<input type=\"hidden\" name=\"{TOKEN_FIELD}\" value=\"{}\">", self.token)
    }

    /// Who may show the page in a frame: the practice's own EHR, if it is registered.
    fn policy(&self) -> String {
        let ancestors = if self.frames.is_empty() { "'none'".to_owned() } else { self.frames.join(" ") };
        format!(
            "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; \
             form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
        )
    }
}

/// The page, as an answer.
pub(crate) fn show(shell: &Shell, page: &impl Template) -> Result<Response, Ending> {
    show_with(StatusCode::OK, shell, page)
}

/// A form's page once more, where what it says cannot be saved: with the reason, and with what was typed.
pub(crate) fn show_refused(shell: &Shell, page: &impl Template) -> Result<Response, Ending> {
    show_with(StatusCode::UNPROCESSABLE_ENTITY, shell, page)
}

fn show_with(status: StatusCode, shell: &Shell, page: &impl Template) -> Result<Response, Ending> {
    let html = page.render().map_err(|error| {
        tracing::error!(%error, "a settings page cannot be written");
        Ending::internal()
    })?;
    Ok(dressed(shell, status, html))
}

pub(crate) fn dressed(shell: &Shell, status: StatusCode, html: String) -> Response {
    let headers = [(CONTENT_SECURITY_POLICY, shell.policy()), (CACHE_CONTROL, "no-store".to_owned())];
    (status, headers, Html(html)).into_response()
}
