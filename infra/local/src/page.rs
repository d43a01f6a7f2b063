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

const STYLE: &str = concat!(
    include_str!("../../../functions/doorway/assets/palette.css"),
    include_str!("../assets/daybook.css")
);
const MARK: &str = include_str!("../assets/mark.svg");
const SCRIPT: &str = include_str!("../assets/daybook.js");

/// What the page may do besides where it shows two weeks and asks for what is new.
const LIVE: &str = "script-src 'self'; connect-src 'self'; frame-src 'self'";

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
    /// How many signals were answered: it grows with everything that happens.
    answered: u64,
    trial: Trial,
}

/// What stands now, as a part of the page.
#[derive(Template)]
#[template(path = "now.html")]
struct Now {
    rows: Option<Vec<Row>>,
    answered: u64,
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
        Trial::EhrOnly | Trial::NotOffered => Router::new(),
    };
    Router::new()
        .route("/", get(start))
        .route("/now", get(now))
        .route("/daybook.js", get(|| async { asset("text/javascript; charset=utf-8", SCRIPT) }))
        .route("/daybook.css", get(|| async { asset("text/css; charset=utf-8", STYLE) }))
        .route("/mark.svg", get(|| async { asset("image/svg+xml", MARK) }))
        .with_state(page)
        .merge(trying)
}

async fn start(State(page): State<Page>) -> Result<Response, Problem> {
    let Now { rows, answered } = now_of(&page).await?;
    let start = Start { url: &page.url, key: &page.key, practice: DEMO, rows, answered, trial: page.trial };
    // Its form leads to the public address, which need not be the one that the visitor typed.
    let policy = match page.trial {
        Trial::Offered => format!("{}; {LIVE}", page_policy(&page.url)),
        Trial::EhrOnly | Trial::NotOffered => page_policy(&page.url),
    };
    Ok(([(CONTENT_SECURITY_POLICY, policy)], written(&start)?).into_response())
}

/// For the script of the page.
async fn now(State(page): State<Page>) -> Result<Response, Problem> {
    written(&now_of(&page).await?)
}

async fn now_of(page: &Page) -> Result<Now, EngineError> {
    match page.audience {
        Audience::ThisMachine => rows(&page.engine).await,
        Audience::Others => Ok(Now { rows: None, answered: 0 }),
    }
}

fn written(page: &impl Template) -> Result<Response, Problem> {
    let html = page.render().map_err(|error| {
        tracing::error!(%error, "the start page cannot be written");
        Problem::new(Kind::Internal)
    })?;
    Ok(([(CACHE_CONTROL, "no-store")], Html(html)).into_response())
}

fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "max-age=300")], text)
}

async fn rows(engine: &Engine) -> Result<Now, EngineError> {
    let mut rows: BTreeMap<&'static str, Row> = BTreeMap::new();
    let mut answered = 0;
    for connection in engine.store.list_connections(&DEMO.into(), None).await? {
        answered += connection.signals.answered;
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
    Ok(Now { rows: Some(rows.into_values().collect()), answered })
}
