//! Notifications on their way from the stand-ins to our doors: kept in a bag, so that the test decides which arrive,
//! when, how often and in which order. Handshakes are answered at once. The doors are the real ones.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use axum::Router;
use bytes::Bytes;
use daybook_sandbox::cloud::{Answered, Caller, Unreachable};
use http::{Request, StatusCode, header};

use super::streets::arrive;

/// One notification.
#[derive(Clone, Debug)]
pub struct Letter {
    pub url: String,
    headers: Vec<(String, String)>,
    body: String,
}

#[derive(Default)]
pub struct Postman {
    doors: Mutex<Option<Router>>,
    bag: Mutex<Vec<Letter>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Postman {
    /// Where letters go from now on.
    pub fn serve(&self, doors: Router) {
        *locked(&self.doors) = Some(doors);
    }

    /// Nobody is at home any more.
    pub fn close(&self) {
        *locked(&self.doors) = None;
    }

    /// Everything on its way, which is then nobody's but the caller's.
    pub fn take(&self) -> Vec<Letter> {
        std::mem::take(&mut *locked(&self.bag))
    }

    pub fn put_back(&self, letter: Letter) {
        locked(&self.bag).push(letter);
    }

    /// Hands one letter over. A door that cannot take it is asked again.
    pub async fn hand_over(&self, letter: &Letter) -> StatusCode {
        let answered = self.post_now(&letter.url, &letter.headers, letter.body.clone()).await;
        StatusCode::from_u16(answered.status).expect("a status")
    }

    async fn post_now(&self, url: &str, headers: &[(String, String)], body: String) -> Answered {
        let doors = locked(&self.doors).clone().expect("the doors are open");
        let mut request = Request::post(url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = arrive(&doors, request.body(Bytes::from(body)).expect("a request")).await;
        let kind = answer.headers().get(header::CONTENT_TYPE);
        Answered {
            status: answer.status().as_u16(),
            content_type: kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned(),
            body: String::from_utf8_lossy(answer.body()).into_owned(),
        }
    }
}

#[async_trait]
impl Caller for Postman {
    async fn post(
        &self,
        url: &str,
        headers: &[(String, String)],
        body: String,
    ) -> Result<Answered, Unreachable> {
        if url.contains("validationToken=") {
            return Ok(self.post_now(url, headers, body).await);
        }
        self.put_back(Letter { url: url.to_owned(), headers: headers.to_vec(), body });
        Ok(Answered { status: 202, content_type: String::new(), body: String::new() })
    }
}
