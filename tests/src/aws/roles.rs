//! Whether a role allows a call: actions and resources with their asterisks. Conditions are not evaluated; a statement
//! that denies is not expected in our roles.

use serde_json::Value;

use super::client::{ACCOUNT, REGION};
use super::recorder::Call;

/// One statement of a role, its intrinsics resolved.
#[derive(Clone, Debug)]
pub struct Statement {
    pub actions: Vec<String>,
    pub resources: Vec<String>,
}

impl Statement {
    pub fn read(statement: &Value) -> Self {
        assert_eq!(statement["Effect"], "Allow", "{statement}");
        let resources = texts(&statement["Resource"]).into_iter().map(whole).collect();
        Self { actions: texts(&statement["Action"]), resources }
    }

    pub fn allows(&self, call: &Call) -> bool {
        let action = self.actions.iter().any(|pattern| matches(pattern, &call.action));
        action && self.resources.iter().any(|pattern| matches(pattern, &call.resource))
    }
}

/// A reference to a secret is its ARN on AWS, and its name here.
fn whole(resource: String) -> String {
    let is_name = resource != "*" && !resource.starts_with("arn:");
    if is_name {
        format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{resource}-??????")
    } else {
        resource
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(all) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        one => one.as_str().map(str::to_owned).into_iter().collect(),
    }
}

/// As IAM compares: `*` stands for anything, `?` for one character.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.as_bytes() {
        [] => text.is_empty(),
        [b'*', ..] => {
            let rest = &pattern[1..];
            (0..=text.len()).any(|at| text.get(at..).is_some_and(|tail| matches(rest, tail)))
        }
        [b'?', ..] => text.get(1..).is_some_and(|tail| matches(&pattern[1..], tail)),
        [first, ..] => text.as_bytes().first() == Some(first) && matches(&pattern[1..], &text[1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_on_aws() {
        for (pattern, text, expected) in [
            ("dynamodb:GetItem", "dynamodb:GetItem", true),
            ("dynamodb:*", "dynamodb:Query", true),
            (
                "arn:aws:secretsmanager:*:1:secret:p/connections/*",
                "arn:aws:secretsmanager:e:1:secret:p/connections/a/b-XXXXXX",
                true,
            ),
            (
                "arn:aws:secretsmanager:*:1:secret:p/connections/*",
                "arn:aws:secretsmanager:e:1:secret:p/practices/a",
                false,
            ),
            ("secret:key-??????", "secret:key-AbCdEf", true),
            ("secret:key-??????", "secret:key-AbCdE", false),
            ("table/t", "table/t/index/due", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
