//! A person's browser: opens our sign-in link, goes to the provider's page, answers it, and brings the code back.
//! It follows addresses and fills forms; what they mean is the engine's and the provider's.

use bytes::Bytes;
use daybook_core::connection::{Connection, Provider};
use daybook_engine::ports::ConnectionRef;
use daybook_engine::sign_in::{Link, Returned, Stopped};
use http::{Request, Response, StatusCode, header};
use url::{Url, form_urlencoded};

use super::house::House;
use super::streets::arrive;
use crate::world::worker::run;

/// What the person does on the provider's page.
#[derive(Clone, Copy, Debug)]
pub enum Answer<'a> {
    Allow,
    /// Leaves the box of every permission unticked whose name ends so.
    Without(&'a str),
    Decline,
}

impl House {
    /// Signs in on the provider's page as this account.
    pub fn sign_in(
        &self,
        at: &ConnectionRef,
        account: &str,
        answer: Answer<'_>,
    ) -> Result<Connection, Stopped> {
        let connection = run(self.engine.find(at)).unwrap();
        let link = run(self.engine.sign_in_link(&connection)).unwrap().expect("it waits for a sign-in");
        let link = link_of(&link);
        let browser = run(self.engine.open_sign_in(&link, None))?.browser;
        let page = run(self.engine.leave_for_provider(&link, &browser))?;
        let (state, returned) = self.answer_page(&page, account, answer);
        run(self.engine.finish_sign_in(connection.provider, &state, returned, Some(&browser)))
    }

    fn answer_page(&self, page: &str, account: &str, answer: Answer<'_>) -> (String, Returned) {
        let shown = self.browse(Request::get(page).body(Bytes::new()).unwrap());
        assert_eq!(shown.status(), StatusCode::OK, "the provider shows a page");
        let url = Url::parse(page).unwrap();
        let mut form: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        form.retain(|(name, _)| name != "account");
        let scopes = form.iter().find(|(name, _)| name == "scope").map(|(_, value)| value.clone());
        form.push(("account".into(), account.into()));
        let decision = if matches!(answer, Answer::Decline) { "refuse" } else { "allow" };
        form.push(("decision".into(), decision.into()));
        let ticked = |scope: &&str| !matches!(answer, Answer::Without(end) if scope.ends_with(end));
        let scopes = scopes.unwrap_or_default();
        let granted = scopes.split_whitespace().filter(ticked);
        form.extend(granted.map(|scope| ("grant".to_owned(), scope.to_owned())));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut to = url;
        to.set_query(None);
        let request = Request::post(to.as_str())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(body))
            .unwrap();
        came_back(&self.browse(request))
    }

    pub(super) fn browse(&self, request: Request<Bytes>) -> Response<Bytes> {
        run(arrive(&self.town, request))
    }
}

/// `https://daybook.example/sign-in/demo/t00001/TICKET`.
fn link_of(url: &str) -> Link {
    let url = Url::parse(url).unwrap();
    let parts: Vec<&str> = url.path_segments().unwrap().collect();
    let ["sign-in", practice, connection, ticket] = parts.as_slice() else { panic!("no link: {url}") };
    Link::new(practice, connection, *ticket)
}

fn came_back(answer: &Response<Bytes>) -> (String, Returned) {
    assert_eq!(answer.status(), StatusCode::FOUND, "{}", String::from_utf8_lossy(answer.body()));
    let to = Url::parse(answer.headers()[header::LOCATION].to_str().unwrap()).unwrap();
    let said =
        |name: &str| to.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let returned = match (said("code"), said("error")) {
        (Some(code), _) => Returned::Code(code.into()),
        (None, error) => Returned::Error(error.unwrap(), said("error_description").unwrap_or_default()),
    };
    (said("state").unwrap(), returned)
}

/// A provider as the stand-ins' paths spell it.
pub fn mount(provider: Provider) -> &'static str {
    match provider {
        Provider::Google => daybook_sandbox::google::MOUNT,
        Provider::Microsoft => daybook_sandbox::microsoft::MOUNT,
        Provider::Caldav => daybook_sandbox::caldav::MOUNT,
    }
}
