//! A person's browser, as far as a test needs one: cookies, redirects, links and forms of one site. It runs no script
//! and enforces no policy; a real browser does that in `tests/browser`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use url::{Url, form_urlencoded};

/// More redirects in a row lead nowhere.
const MOST_REDIRECTS: usize = 10;

/// One browser with its cookies.
pub struct Browser {
    client: reqwest::Client,
    cookies: Mutex<BTreeMap<String, String>>,
}

/// Where a browser has come to. Other sites than the first are not visited: their page is empty.
#[derive(Clone, Debug)]
pub struct Page {
    pub status: u16,
    pub url: Url,
    pub html: String,
}

/// A form with what stands in it.
#[derive(Clone, Debug)]
pub struct Form {
    action: Url,
    fields: Vec<(String, String)>,
    /// Of which one may be chosen each.
    choices: Vec<(String, String)>,
    /// Boxes that are not ticked.
    boxes: Vec<(String, String)>,
    /// Label, name and value of each button.
    buttons: Vec<(String, String, String)>,
}

impl Browser {
    #[expect(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        Self { client: client.build().expect("a client can be built"), cookies: Mutex::default() }
    }

    /// Types an address.
    pub async fn open(&self, url: &str) -> Page {
        self.load(Url::parse(url).expect("an address"), "none").await
    }

    /// Follows the link on which `words` stand.
    pub async fn follow(&self, page: &Page, words: &str) -> Page {
        self.load(page.link(words), "same-origin").await
    }

    async fn load(&self, url: Url, from: &str) -> Page {
        let request = self.client.get(url.clone()).header("sec-fetch-site", from);
        self.arrive(url, request).await
    }

    /// Presses the button on which `words` stand.
    pub async fn press(&self, form: &Form, words: &str) -> Page {
        let button = form.buttons.iter().find(|(label, ..)| label.contains(words));
        let (_, name, value) = button.unwrap_or_else(|| panic!("no button `{words}` in {form:?}"));
        let pressed = Some((name, value)).filter(|(name, _)| !name.is_empty());
        let pairs = form.fields.iter().map(|(name, value)| (name, value)).chain(pressed);
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let request = self
            .client
            .post(form.action.clone())
            .header("content-type", "application/x-www-form-urlencoded")
            // Our pages send no referrer, so their forms tell no origin.
            .header("origin", "null")
            .header("sec-fetch-site", "same-origin")
            .body(body);
        self.arrive(form.action.clone(), request).await
    }

    /// Presses a button of a page, in the form that has it as it stands.
    pub async fn press_on(&self, page: &Page, button: &str) -> Page {
        self.press(&page.form_with(button), button).await
    }

    async fn arrive(&self, url: Url, request: reqwest::RequestBuilder) -> Page {
        let (home, mut url, mut request) = (url.origin(), url, request);
        for _ in 0..MOST_REDIRECTS {
            let answer = request.header(COOKIE, self.shown()).send().await.expect("an answer");
            self.keep(&answer);
            let status = answer.status().as_u16();
            let to = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok());
            let Some(to) = to.filter(|_| (300..400).contains(&status)) else {
                let html = answer.text().await.expect("a page");
                return Page { status, url, html };
            };
            url = url.join(to).expect("an address");
            if url.origin() != home {
                return Page { status, url, html: String::new() };
            }
            request = self.client.get(url.clone());
        }
        panic!("the redirects do not end: {url}")
    }

    fn shown(&self) -> String {
        let cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn keep(&self, answer: &reqwest::Response) {
        let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        for line in answer.headers().get_all(SET_COOKIE) {
            let pair = line.to_str().expect("a cookie").split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

impl Page {
    /// The page as its reader sees it: no tags, one space between words.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for piece in self.html.split('<') {
            text.push_str(piece.split_once('>').map_or(piece, |(_, after)| after));
            text.push(' ');
        }
        unescaped(&text).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Whether all these words stand on it.
    #[track_caller]
    pub fn says(&self, words: &[&str]) {
        let text = self.text();
        for word in words {
            assert!(text.contains(word), "`{word}` does not stand on {} ({}): {text}", self.url, self.status);
        }
    }

    /// The only form.
    pub fn form(&self) -> Form {
        let mut forms = self.forms();
        assert_eq!(forms.len(), 1, "{} ({}): {}", self.url, self.status, self.text());
        forms.remove(0)
    }

    /// The first form with this button.
    #[track_caller]
    pub fn form_with(&self, button: &str) -> Form {
        let form = self.forms().into_iter().find(|form| form.has_button(button));
        form.unwrap_or_else(|| {
            panic!("no button `{button}` on {} ({}): {}", self.url, self.status, self.text())
        })
    }

    pub fn forms(&self) -> Vec<Form> {
        let parts = self.html.split("<form").skip(1).filter_map(|part| part.split("</form>").next());
        parts.map(|part| self.read_form(part)).collect()
    }

    /// What a browser loads with it: its style, its script, its pictures.
    pub fn parts(&self) -> Vec<Url> {
        let linked = tags(&self.html, "link").filter_map(|(tag, _)| attributes(tag).remove("href"));
        let run = tags(&self.html, "script").filter_map(|(tag, _)| attributes(tag).remove("src"));
        let drawn = tags(&self.html, "img").filter_map(|(tag, _)| attributes(tag).remove("src"));
        linked.chain(run).chain(drawn).map(|part| self.url.join(&part).expect("an address")).collect()
    }

    pub fn has_link(&self, words: &str) -> bool {
        self.find_link(words).is_some()
    }

    fn link(&self, words: &str) -> Url {
        self.find_link(words).unwrap_or_else(|| panic!("no link `{words}` on {}: {}", self.url, self.text()))
    }

    fn find_link(&self, words: &str) -> Option<Url> {
        let links = self.html.split("<a ").skip(1).filter_map(|link| link.split("</a>").next());
        let mut links = links.filter_map(|link| link.split_once('>'));
        let (tag, _) = links.find(|(_, label)| label.contains(words))?;
        self.url.join(&attributes(tag).remove("href")?).ok()
    }

    fn read_form(&self, part: &str) -> Form {
        let (tag, inside) = part.split_once('>').expect("a form");
        let action = attributes(tag).remove("action").unwrap_or_else(|| self.url.to_string());
        let of = |mut tag: BTreeMap<String, String>, name: &str| tag.remove(name).unwrap_or_default();
        let inputs = tags(inside, "input").map(|(tag, _)| attributes(tag));
        let inputs: Vec<_> = inputs.collect();
        let is =
            |tag: &BTreeMap<String, String>, kind: &str| tag.get("type").is_some_and(|known| known == kind);
        let pair = |tag: &BTreeMap<String, String>| (of(tag.clone(), "name"), of(tag.clone(), "value"));
        let choices = inputs.iter().filter(|tag| is(tag, "radio"));
        let unticked = inputs.iter().filter(|tag| is(tag, "checkbox") && !tag.contains_key("checked"));
        let sent = inputs
            .iter()
            .filter(|tag| (!is(tag, "checkbox") && !is(tag, "radio")) || tag.contains_key("checked"));
        let lists = inside.split("<select ").skip(1).filter_map(|list| list.split_once('>'));
        let listed = lists.map(|(tag, options)| (of(attributes(tag), "name"), first_choice(options)));
        let buttons = tags(inside, "button").map(|(tag, after)| {
            let label = after.split('<').next().unwrap_or_default().to_owned();
            (label, of(attributes(tag), "name"), of(attributes(tag), "value"))
        });
        Form {
            action: self.url.join(&action).expect("an address"),
            fields: sent.map(pair).chain(listed).collect(),
            choices: choices.map(pair).collect(),
            boxes: unticked.map(pair).collect(),
            buttons: buttons.collect(),
        }
    }
}

impl Form {
    /// Types `value` into a field, chooses it, or ticks the box of it.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if self.choices.iter().any(|(known, offered)| known == name && offered == value) {
            self.fields.retain(|(known, _)| known != name);
            self.fields.push((name.to_owned(), value.to_owned()));
            return self;
        }
        if let Some(at) = self.boxes.iter().position(|(known, offered)| known == name && offered == value) {
            self.fields.push(self.boxes.remove(at));
            return self;
        }
        let field = self.fields.iter_mut().find(|(known, _)| known == name);
        let (_, standing) = field.unwrap_or_else(|| panic!("no field `{name}`"));
        value.clone_into(standing);
        self
    }

    /// Unticks the boxes whose value ends so.
    #[must_use]
    pub fn without(mut self, ending: &str) -> Self {
        let before = self.fields.len();
        self.fields.retain(|(name, value)| name != "grant" || !value.ends_with(ending));
        assert_ne!(self.fields.len(), before, "no box `{ending}`");
        self
    }

    pub fn has_button(&self, words: &str) -> bool {
        self.buttons.iter().any(|(label, ..)| label.contains(words))
    }
}

/// The inside of each tag of that name, and what follows it.
fn tags<'h>(html: &'h str, name: &str) -> impl Iterator<Item = (&'h str, &'h str)> {
    let opening = format!("<{name}");
    let found: Vec<usize> = html.match_indices(&opening).map(|(at, _)| at + opening.len()).collect();
    found.into_iter().filter_map(|at| html[at..].split_once('>'))
}

/// What stands in a list whose reader has chosen nothing yet.
fn first_choice(options: &str) -> String {
    let options: Vec<_> = tags(options, "option").map(|(tag, _)| attributes(tag)).collect();
    let chosen = options.iter().find(|tag| tag.contains_key("selected")).or(options.first());
    chosen.and_then(|tag| tag.get("value")).cloned().unwrap_or_default()
}

/// Names and values of a tag; a name alone has an empty one. Our templates quote every value.
fn attributes(tag: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut rest = tag.trim();
    while !rest.is_empty() {
        let end = rest.find(['=', ' ']).unwrap_or(rest.len());
        let name = rest[..end].to_owned();
        let (value, after) = match rest[end..].strip_prefix("=\"") {
            Some(quoted) => quoted.split_once('"').expect("a quote ends"),
            None => ("", &rest[end..]),
        };
        found.insert(name, unescaped(value));
        rest = after.trim_start_matches([' ', '\n', '/']);
    }
    found
}

fn unescaped(text: &str) -> String {
    let known = [
        ("&#34;", "\""),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&lt;", "<"),
        ("&#62;", ">"),
        ("&gt;", ">"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ];
    known.iter().fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

/// Everything that is asked of a person who signs in at a provider, answered with yes; the page at the end.
/// `account` is chosen where there is a choice.
pub async fn sign_in(browser: &Browser, authorise_url: &str, account: &str) -> Page {
    let page = browser.open(authorise_url).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let page = browser.press(&page.form(), "Continue to").await;
    allow(browser, page, account).await
}

/// The provider's part of it, from its first page on.
pub async fn allow(browser: &Browser, page: Page, account: &str) -> Page {
    let page = choose(browser, page, account).await;
    if page.html.contains("name=\"decision\"") { browser.press(&page.form(), "Allow").await } else { page }
}

/// Chooses the account where there is a choice.
pub async fn choose(browser: &Browser, page: Page, account: &str) -> Page {
    if page.has_link(account) { browser.follow(&page, account).await } else { page }
}
