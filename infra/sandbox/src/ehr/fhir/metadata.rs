//! The `CapabilityStatement`: what this EHR really does, made from the same tables that do it.

use serde_json::{Value, json};

use super::call::Base;
use crate::ehr::kind::Kind;
use crate::ehr::params::{Matching, params};

pub(super) fn capabilities(base: &Base) -> Value {
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-22",
        "kind": "instance",
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "software": {"name": "Sandbox EHR", "version": env!("CARGO_PKG_VERSION")},
        "implementation": {"description": "Riverside Counseling, an invented practice", "url": base.as_str()},
        "rest": [{
            "mode": "server",
            "documentation": "Answers on loopback without a token. Unknown search parameters are ignored unless handling=strict is preferred.",
            "resource": Kind::ALL.map(resource),
            "interaction": [{"code": "batch"}, {"code": "transaction"}],
            "searchParam": [search_param("_id", "token"), search_param("_lastUpdated", "date")],
        }],
    })
}

fn resource(kind: Kind) -> Value {
    let own = params(kind).iter().map(|param| search_param(param.name, type_of(param.matching)));
    let refers = |matching| matches!(matching, Matching::Reference | Matching::ReferenceTo(_));
    let includes = params(kind).iter().filter(|param| refers(param.matching));
    let includes: Vec<String> = includes.map(|param| format!("{}:{}", kind.name(), param.name)).collect();
    let interactions =
        ["read", "create", "update", "delete", "search-type"].map(|code| json!({"code": code}));
    let mut resource = json!({
        "type": kind.name(),
        "interaction": interactions,
        "versioning": "versioned",
        "readHistory": false,
        "updateCreate": true,
        "conditionalCreate": true,
        "conditionalRead": "not-match",
        "conditionalUpdate": true,
        "conditionalDelete": "single",
        "searchParam": own.collect::<Vec<_>>(),
    });
    if let Some(fields) = resource.as_object_mut().filter(|_| !includes.is_empty()) {
        fields.insert("searchInclude".to_owned(), json!(includes));
    }
    resource
}

fn search_param(name: &str, kind: &str) -> Value {
    json!({"name": name, "type": kind})
}

fn type_of(matching: Matching) -> &'static str {
    match matching {
        Matching::Code | Matching::Token => "token",
        Matching::Reference | Matching::ReferenceTo(_) => "reference",
        Matching::Name => "string",
        Matching::Start => "date",
    }
}
