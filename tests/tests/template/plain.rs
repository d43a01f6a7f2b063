//! The template as AWS deploys it: plain resources, with references written as text. It judges nothing.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use daybook_tests::tools;
use serde_json::Value;

/// The transformed template.
pub struct Plain {
    pub document: Value,
    pub text: String,
}

/// The workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub fn source_of(path: &str) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All the code in a folder and below it.
pub fn code_below(folder: &str) -> String {
    let entries = std::fs::read_dir(root().join(folder)).unwrap().flatten();
    let texts = entries.map(|entry| {
        let path = format!("{folder}/{}", entry.file_name().into_string().unwrap());
        if entry.path().is_dir() { code_below(&path) } else { source_of(&path) }
    });
    texts.collect()
}

pub fn template() -> PathBuf {
    root().join("infra/aws/template.yaml")
}

/// A tool, if it is installed; it has to be where tools are required.
pub fn tool(name: &str) -> Option<PathBuf> {
    let path = tools::folder().join(name);
    let found = path.exists().then_some(path);
    tools::required(found, &format!("{name} is not installed: cargo xtask tools"))
}

/// `None` where what transforms it is not installed and nobody requires it.
pub fn plain() -> Option<&'static Plain> {
    static PLAIN: OnceLock<Option<Plain>> = OnceLock::new();
    PLAIN.get_or_init(transformed).as_ref()
}

fn transformed() -> Option<Plain> {
    // The translator installs no program; this one comes with what it needs.
    tool("venv/bin/jp.py")?;
    let done = Command::new(tools::folder().join("venv/bin/python"))
        .arg(root().join("infra/aws/transform.py"))
        .arg(template())
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8(done.stdout).unwrap();
    Some(Plain { document: serde_json::from_str(&text).unwrap(), text })
}

impl Plain {
    /// Resources of a kind, by their logical ids.
    pub fn all(&self, kind: &str) -> Vec<(&str, &Value)> {
        let resources = self.document["Resources"].as_object().unwrap();
        let of_kind = resources.iter().filter(|(_, resource)| resource["Type"] == kind);
        of_kind.map(|(id, resource)| (id.as_str(), &resource["Properties"])).collect()
    }

    pub fn properties(&self, id: &str) -> &Value {
        let resource = &self.document["Resources"][id];
        assert!(resource.is_object(), "there is no {id}");
        &resource["Properties"]
    }
}

/// References as `${Name}` and `${Name.Attribute}`; of a choice, what is chosen where nothing was given.
pub fn told(value: &Value) -> String {
    let Some((function, argument)) = value.as_object().and_then(|object| object.iter().next()) else {
        return value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    };
    match (function.as_str(), argument) {
        ("Ref", name) => format!("${{{}}}", told(name)),
        ("Fn::GetAtt", Value::Array(path)) => format!("${{{}.{}}}", told(&path[0]), told(&path[1])),
        ("Fn::Sub", Value::Array(parts)) => {
            let names = parts[1].as_object().unwrap().iter();
            names.fold(told(&parts[0]), |text, (name, value)| {
                text.replace(&format!("${{{name}}}"), &told(value))
            })
        }
        ("Fn::Sub", text) => told(text),
        ("Fn::If", Value::Array(choice)) if choice[0] == "UsesOwnTable" => told(&choice[1]),
        ("Fn::If", Value::Array(choice)) => told(&choice[2]),
        (other, _) => panic!("{other} is not expected here"),
    }
}

/// One text, or each of a list.
pub fn each(value: &Value) -> Vec<String> {
    match value {
        Value::Array(all) => all.iter().map(told).collect(),
        one => vec![told(one)],
    }
}

/// `sync_worker` becomes `SyncWorker`.
pub fn logical(folder: &str) -> String {
    let word = |word: &str| format!("{}{}", word[..1].to_uppercase(), &word[1..]);
    folder.split('_').map(word).collect()
}
