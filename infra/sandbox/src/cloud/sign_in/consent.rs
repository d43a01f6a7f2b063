//! The person's side of sign-in: choose an account, see what a client asks for, untick some of it, allow or refuse.
//! There are no passwords.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Form, OriginalUri, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::redirect::{back, found, with_code, with_error};
use super::request::{Asked, Refused, Request, read};
use super::scopes::{is_identity, meaning};
use super::tokens::Grant;
use crate::cloud::control::SignIn;
use crate::cloud::world::{Account, Consent, Organisation};
use crate::cloud::{Cloud, Dialect};
use crate::page::answer::{is_cross_site, page, page_leading_to};

type Pairs = Vec<(String, String)>;

const DECLINED: &str = "AADSTS65004: User declined to consent to access the app.";
const NEEDS_ADMIN: &str = "AADSTS90094: An administrator of this organisation must grant the permission.";

#[derive(Template)]
#[template(path = "choose.html")]
struct ChoosePage<'a> {
    mount: &'a str,
    look: &'static str,
    client: &'a str,
    accounts: Vec<Choice>,
}

struct Choice {
    name: String,
    email: String,
    address: String,
}

#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage<'a> {
    mount: &'a str,
    look: &'static str,
    client: &'a str,
    account: &'a Account,
    action: &'a str,
    fields: &'a [(String, String)],
    /// Scopes that can be unticked; none: they are all or nothing.
    boxes: Vec<Wanted<'a>>,
    fixed: Vec<Wanted<'a>>,
}

struct Wanted<'a> {
    scope: &'a str,
    meaning: &'static str,
}

#[derive(Template)]
#[template(path = "sign_in_error.html")]
struct ErrorPage<'a> {
    mount: &'a str,
    look: &'static str,
    error: &'a str,
    text: &'a str,
}

/// Where a request came in.
struct Door<'a> {
    cloud: &'a Cloud,
    path: &'a str,
    /// Microsoft's `common`, `organizations`, `consumers` or a tenant.
    tenant: &'a str,
}

pub(super) async fn ask(
    State(cloud): State<Cloud>,
    OriginalUri(uri): OriginalUri,
    Query(pairs): Query<Pairs>,
) -> Response {
    Door { cloud: &cloud, path: uri.path(), tenant: "common" }.ask(&Asked(pairs))
}

pub(super) async fn ask_in_tenant(
    State(cloud): State<Cloud>,
    Path(tenant): Path<String>,
    OriginalUri(uri): OriginalUri,
    Query(pairs): Query<Pairs>,
) -> Response {
    Door { cloud: &cloud, path: uri.path(), tenant: &tenant }.ask(&Asked(pairs))
}

pub(super) async fn answer(
    State(cloud): State<Cloud>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    Form(pairs): Form<Pairs>,
) -> Response {
    Door { cloud: &cloud, path: uri.path(), tenant: "common" }.answer(&headers, &Asked(pairs))
}

pub(super) async fn answer_in_tenant(
    State(cloud): State<Cloud>,
    Path(tenant): Path<String>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    Form(pairs): Form<Pairs>,
) -> Response {
    Door { cloud: &cloud, path: uri.path(), tenant: &tenant }.answer(&headers, &Asked(pairs))
}

/// Microsoft's page for administrators; here the administrator always agrees.
pub(super) async fn admin(Path(tenant): Path<String>, Query(pairs): Query<Pairs>) -> Response {
    let asked = Asked(pairs);
    match asked.get("redirect_uri").and_then(|to| url::Url::parse(to).ok()) {
        Some(to) => back(
            &to,
            super::request::Place::Query,
            asked.get("state"),
            &[("admin_consent", "True"), ("tenant", &tenant)],
        ),
        None => StatusCode::BAD_REQUEST.into_response(),
    }
}

impl Door<'_> {
    fn ask(&self, asked: &Asked) -> Response {
        let request = match read(self.cloud.dialect(), asked) {
            Ok(request) => request,
            Err(refused) => return self.refuse(refused),
        };
        match self.cloud.inner.control.sign_in() {
            SignIn::Ask => self.next_step(&request, asked),
            SignIn::Refuse => self.declined(&request),
            SignIn::NeedsAdmin => with_error(&request, "access_denied", NEEDS_ADMIN, Some("cancel")),
            SignIn::Allow { account, without } => self.allow_unasked(&request, &account, &without),
        }
    }

    /// Chooser, consent, or straight back.
    fn next_step(&self, request: &Request, asked: &Asked) -> Response {
        let silent = request.prompts.contains("none");
        let Some(account) = self.chosen(request, asked) else {
            return if silent {
                with_error(request, "login_required", "", None)
            } else {
                self.choose(request, asked)
            };
        };
        if self.is_granted(request, &account) && !request.prompts.contains("consent") {
            return self.grant(request, &account, request.scopes.clone());
        }
        if silent {
            return with_error(request, "interaction_required", "", None);
        }
        self.consent(request, asked, &account)
    }

    /// The account that the person has picked, or that the client has named.
    fn chosen(&self, request: &Request, asked: &Asked) -> Option<Account> {
        let hint = request.login_hint.as_deref().filter(|_| !request.prompts.contains("select_account"));
        let who = asked.get("account").or(hint)?;
        let found = self.cloud.read(|world| world.account(who).cloned());
        found.filter(|account| self.admits(account))
    }

    /// May this account sign in at this door?
    fn admits(&self, account: &Account) -> bool {
        match self.tenant {
            "common" => true,
            "consumers" => account.kind == Organisation::Personal,
            _ => account.kind == Organisation::Organisation,
        }
    }

    fn is_granted(&self, request: &Request, account: &Account) -> bool {
        let key = Consent::key_of(&account.id, &request.client);
        self.cloud.read(|world| {
            world.consents.get(&key).is_some_and(|consent| consent.scopes.is_superset(&request.scopes))
        })
    }

    fn choose(&self, request: &Request, asked: &Asked) -> Response {
        let accounts = self.cloud.read(|world| world.accounts.values().cloned().collect::<Vec<_>>());
        let admitted = accounts.into_iter().filter(|account| self.admits(account));
        let choices = admitted.map(|account| Choice {
            address: self.address(asked, &account),
            name: account.name,
            email: account.email,
        });
        let page_of = ChoosePage {
            mount: self.cloud.mount(),
            look: self.cloud.look(),
            client: &request.client,
            accounts: choices.collect(),
        };
        rendered(page_of.render().map(page))
    }

    /// The same question, with the account picked.
    fn address(&self, asked: &Asked, account: &Account) -> String {
        let kept = asked.0.iter().filter(|(name, _)| name != "account");
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(kept)
            .append_pair("account", &account.id)
            .finish();
        format!("{}?{query}", self.path)
    }

    fn consent(&self, request: &Request, asked: &Asked, account: &Account) -> Response {
        let wanted = |scope| Wanted { scope, meaning: meaning(scope) };
        let asks: Vec<&str> =
            request.scopes.iter().map(String::as_str).filter(|scope| !is_identity(scope)).collect();
        let granular = self.cloud.dialect() == Dialect::Google && asks.len() > 1;
        let (boxes, fixed) = if granular { (asks, Vec::new()) } else { (Vec::new(), asks) };
        let mut fields: Pairs = asked.0.iter().filter(|(name, _)| name != "account").cloned().collect();
        fields.push(("account".to_owned(), account.id.clone()));
        let page_of = ConsentPage {
            mount: self.cloud.mount(),
            look: self.cloud.look(),
            client: &request.client,
            account,
            action: self.path,
            fields: &fields,
            boxes: boxes.into_iter().map(wanted).collect(),
            fixed: fixed.into_iter().map(wanted).collect(),
        };
        let origin = request.redirect.origin().ascii_serialization();
        rendered(page_of.render().map(|html| page_leading_to(html, &origin)))
    }

    fn answer(&self, headers: &HeaderMap, asked: &Asked) -> Response {
        if is_cross_site(headers) {
            return StatusCode::FORBIDDEN.into_response();
        }
        let request = match read(self.cloud.dialect(), asked) {
            Ok(request) => request,
            Err(refused) => return self.refuse(refused),
        };
        let Some(account) = self.chosen(&request, asked) else { return found(&self.address_again(asked)) };
        if asked.get("decision") != Some("allow") {
            return self.declined(&request);
        }
        let ticked: BTreeSet<&str> = asked.all("grant").collect();
        let granted =
            request.scopes.iter().filter(|scope| is_identity(scope) || ticked.contains(scope.as_str()));
        let granted: BTreeSet<String> = granted.cloned().collect();
        self.grant(&request, &account, granted)
    }

    fn address_again(&self, asked: &Asked) -> String {
        let kept = asked.0.iter().filter(|(name, _)| name != "account" && name != "decision");
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish();
        format!("{}?{query}", self.path)
    }

    fn allow_unasked(&self, request: &Request, who: &str, without: &BTreeSet<String>) -> Response {
        let Some(account) = self.cloud.read(|world| world.account(who).cloned()) else {
            return self.declined(request);
        };
        let left_out =
            |scope: &str| without.iter().any(|name| scope == name || scope.ends_with(&format!("/{name}")));
        let granted = request.scopes.iter().filter(|scope| !left_out(scope)).cloned().collect();
        self.grant(request, &account, granted)
    }

    fn grant(&self, request: &Request, account: &Account, scopes: BTreeSet<String>) -> Response {
        let granted = Grant { account: account.id.clone(), client: request.client.clone(), scopes };
        with_code(self.cloud, request, account, granted)
    }

    fn declined(&self, request: &Request) -> Response {
        let text = match self.cloud.dialect() {
            Dialect::Google => "",
            Dialect::Microsoft => DECLINED,
        };
        with_error(request, "access_denied", text, None)
    }

    fn refuse(&self, refused: Refused) -> Response {
        match refused {
            Refused::Back { redirect, state, error, text } => back(
                &redirect,
                super::request::Place::Query,
                state.as_deref(),
                &[("error", error), ("error_description", text)],
            ),
            Refused::Shown { error, text } => {
                let page_of =
                    ErrorPage { mount: self.cloud.mount(), look: self.cloud.look(), error, text: &text };
                let mut response = rendered(page_of.render().map(page));
                *response.status_mut() = StatusCode::BAD_REQUEST;
                response
            }
        }
    }
}

fn rendered(made: askama::Result<Response>) -> Response {
    made.unwrap_or_else(|error| {
        tracing::error!(%error, "a sandbox provider's page could not be made");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    })
}
