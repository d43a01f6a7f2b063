//! The start page: what runs here and how to go on. It shows states and counts, never a name, a title or a key.

use std::collections::BTreeMap;
use std::path::PathBuf;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::middleware::from_fn;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use daybook_doorway::{Kind, Problem};
use daybook_engine::ports::Counts;
use daybook_engine::view::state_word;
use daybook_engine::{Engine, EngineError};

use crate::config::DEMO;
use crate::doors::{page_policy, this_machine_only};
use crate::house::{Audience, House, Trial};
use crate::try_out;

const STYLE: &str = include_str!("../assets/daybook.css");
const MARK: &str = include_str!("../assets/mark.svg");

/// Where a person finds the key of `demo`.
#[derive(Clone, Debug, Default)]
pub enum KeyHint {
    /// In the variable that they set themselves.
    #[default]
    Variable,
    File(PathBuf),
}

impl KeyHint {
    /// What a shell puts in the key's place.
    fn shell(&self) -> String {
        match self {
            KeyHint::Variable => "$DAYBOOK_API_KEY".to_owned(),
            KeyHint::File(path) => format!("$(cat '{}')", path.display()),
        }
    }
}

#[derive(Clone)]
struct Page {
    engine: Engine,
    url: String,
    key: String,
    audience: Audience,
    trial: Trial,
}

/// The connections of `demo` in one state.
struct Row {
    /// Names its colour.
    state: &'static str,
    label: String,
    connections: usize,
    counts: Counts,
}

#[derive(Template)]
#[template(path = "start.html")]
struct Start<'a> {
    url: &'a str,
    key: &'a str,
    practice: &'a str,
    /// `None` where others than this machine could ask.
    rows: Option<Vec<Row>>,
    trial: Trial,
}

/// `/`, its style and its icon.
pub fn routes(house: &House) -> Router {
    let page = Page {
        engine: house.engine.clone(),
        url: house.public_url.as_str().trim_end_matches('/').to_owned(),
        key: house.key_hint.shell(),
        audience: house.audience,
        trial: house.trial,
    };
    let trying = match house.trial {
        Trial::Offered => try_out::routes(house.engine.clone()).layer(from_fn(this_machine_only)),
        Trial::NotOffered => Router::new(),
    };
    Router::new()
        .route("/", get(start))
        .route("/daybook.css", get(|| async { asset("text/css; charset=utf-8", STYLE) }))
        .route("/mark.svg", get(|| async { asset("image/svg+xml", MARK) }))
        .with_state(page)
        .merge(trying)
}

async fn start(State(page): State<Page>) -> Result<Response, Problem> {
    let rows = match page.audience {
        Audience::ThisMachine => Some(rows(&page.engine).await?),
        Audience::Others => None,
    };
    let start = Start { url: &page.url, key: &page.key, practice: DEMO, rows, trial: page.trial };
    let html = start.render().map_err(|error| {
        tracing::error!(%error, "the start page cannot be written");
        Problem::new(Kind::Internal)
    })?;
    // Its form leads to the public address, which need not be the one that the visitor typed.
    let policy = page_policy(&page.url);
    Ok(([(CACHE_CONTROL, "no-store".to_owned()), (CONTENT_SECURITY_POLICY, policy)], Html(html))
        .into_response())
}

fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "max-age=300")], text)
}

async fn rows(engine: &Engine) -> Result<Vec<Row>, EngineError> {
    let mut rows: BTreeMap<&'static str, Row> = BTreeMap::new();
    for connection in engine.store.list_connections(&DEMO.into(), None).await? {
        let view = engine.view_of(connection).await?;
        let state = state_word(view.state);
        let row = rows.entry(state).or_insert_with(|| Row {
            state,
            label: state.replace('_', " "),
            connections: 0,
            counts: Counts::default(),
        });
        row.connections += 1;
        row.counts.mirrored_events += view.counts.mirrored_events;
        row.counts.busy_blocks += view.counts.busy_blocks;
        row.counts.owing += view.counts.owing;
    }
    Ok(rows.into_values().collect())
}
