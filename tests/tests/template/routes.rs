//! Every route that a door answers leads to it, and no route leads nowhere.

use std::collections::BTreeSet;

use serde_json::json;

use crate::plain::{Plain, logical, plain, source_of, told};

/// Where each door says its routes: before each stands the mark.
const DOORS: &[(&str, &str, &str)] = &[
    ("provider_webhook", "functions/provider_webhook/src/lib.rs", ".route("),
    ("ehr_change", "functions/ehr_change/src/lib.rs", ".route("),
    ("oauth_callback", "functions/oauth_callback/src/lib.rs", ".route("),
    ("availability", "functions/availability/src/lib.rs", "const PLACE: &str ="),
    ("settings", "functions/settings/src/connections.rs", "path ="),
    ("settings", "functions/settings/src/notices.rs", "path ="),
    ("settings", "functions/settings/src/audit.rs", "path ="),
    ("settings", "functions/settings/src/feeds.rs", "path ="),
    ("settings", "functions/settings/src/feed_file.rs", ".route("),
    ("settings", "functions/settings/src/lib.rs", ".route("),
    ("settings", "functions/settings/src/pages/mod.rs", ".route("),
    ("settings", "functions/doorway/src/health.rs", ".route("),
];

/// The texts that follow the mark.
fn texts(code: &str, mark: &str) -> Vec<String> {
    let after = code.split(mark).skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"'));
    after.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

fn answered() -> BTreeSet<(String, &'static str)> {
    let mut paths = BTreeSet::new();
    for (door, file, mark) in DOORS {
        let found = texts(&source_of(file), mark);
        assert!(!found.is_empty(), "{file} says no route");
        // Those below a practice are said in whole where the API is described.
        let below = |path: &str| {
            ["/connections", "/notices", "/audit", "/practitioners"]
                .iter()
                .any(|start| path.starts_with(start))
        };
        let whole = found.into_iter().filter(|path| !below(path));
        paths.extend(whole.map(|path| (path, *door)));
    }
    paths.insert(("/v1/practices/{practice}/practitioners/{id}/availability/check".into(), "availability"));
    paths
}

/// The routes: key, and whom it leads to.
fn routes(plain: &Plain) -> Vec<(String, String)> {
    let target = |target: String| {
        let id = target.strip_prefix("integrations/${").unwrap().strip_suffix('}').unwrap().to_owned();
        let integration = plain.properties(&id);
        assert_eq!(integration["PayloadFormatVersion"], "2.0");
        let function = told(&integration["IntegrationUri"]);
        function.strip_prefix("${").unwrap().strip_suffix(".Arn}").unwrap().to_owned()
    };
    let all = plain.all("AWS::ApiGatewayV2::Route");
    all.into_iter().map(|(_, route)| (told(&route["RouteKey"]), target(told(&route["Target"])))).collect()
}

/// How well a route fits: the API prefers whole routes to `{proxy+}`, and words to variables.
fn fit(route: &str, path: &str) -> Option<(bool, usize)> {
    let (mut words, mut of_path) = (0, path.split('/'));
    for part in route.split('/') {
        let found = of_path.next()?;
        match part {
            "{proxy+}" => return Some((false, words)),
            variable if variable.starts_with('{') => {}
            word if word == found => words += 1,
            _ => return None,
        }
    }
    of_path.next().is_none().then_some((true, words))
}

#[test]
fn every_path_leads_to_its_door_and_every_route_somewhere() {
    let Some(plain) = plain() else { return };
    let routes = routes(plain);
    let mut used = BTreeSet::new();
    for (path, door) in answered() {
        let path = path.replace(['{', '}'], "");
        let fitting = routes.iter().filter_map(|(key, function)| {
            let (_, route) = key.split_once(' ').expect("a method and a path");
            Some((fit(route, &path)?, key, function))
        });
        let (_, key, function) = fitting.max().unwrap_or_else(|| panic!("no route fits {path}"));
        assert_eq!(*function, logical(door), "{path} by {key}");
        used.insert(key.clone());
    }
    assert_eq!(used, routes.into_iter().map(|(key, _)| key).collect(), "a route leads nowhere");
}

/// A method that a door answers must not be stopped before it; what a route names is all that comes through.
#[test]
fn methods() {
    let Some(plain) = plain() else { return };
    let routes = routes(plain);
    let named: BTreeSet<&str> =
        routes.iter().map(|(key, _)| key.as_str()).filter(|key| !key.starts_with("ANY ")).collect();
    let expected = [
        "POST /webhooks/google",
        "POST /webhooks/microsoft",
        "POST /webhooks/microsoft/lifecycle",
        "POST /launch",
        "GET /openapi.json",
        "GET /health",
    ];
    assert_eq!(named, expected.into());
}

#[test]
fn the_api_may_call_the_doors_and_nobody_else() {
    let Some(plain) = plain() else { return };
    let permitted: BTreeSet<String> = plain
        .all("AWS::Lambda::Permission")
        .into_iter()
        .map(|(id, permission)| {
            assert_eq!(permission["Principal"], "apigateway.amazonaws.com", "{id}");
            assert!(told(&permission["SourceArn"]).ends_with(":${Api}/*"), "{id}");
            told(&permission["FunctionName"])
        })
        .collect();
    assert_eq!(
        permitted,
        routes(plain).into_iter().map(|(_, function)| format!("${{{function}}}")).collect()
    );
}

#[test]
fn strangers_are_slowed_down_and_what_they_ask_is_not_logged() {
    let Some(plain) = plain() else { return };
    let stage = plain.properties("Stage");
    let limit = |settings: &serde_json::Value| settings["ThrottlingRateLimit"].as_u64().unwrap();
    let all = limit(&stage["DefaultRouteSettings"]);
    for (key, _) in routes(plain) {
        let is_public = ["/webhooks/", "/hooks/", "/oauth/", "/sign-in/", "/feeds/", "/launch"]
            .iter()
            .any(|place| key.contains(place));
        let settings = &stage["RouteSettings"][&key];
        assert_eq!(settings.is_object(), is_public, "{key}");
        assert!(!is_public || limit(settings) < all, "{key}");
    }
    let format: serde_json::Value =
        serde_json::from_str(stage["AccessLogSettings"]["Format"].as_str().unwrap()).unwrap();
    let expected = json!({
        "requestId": "$context.requestId", "route": "$context.routeKey",
        "status": "$context.status", "latency_ms": "$context.responseLatency",
    });
    assert_eq!(format, expected);
}
