//! A table whose first answer to each request is lost on the way, so that the SDK asks again.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{HttpClient, RuntimeComponents, SharedHttpClient};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use daybook_dynamodb::Table;

use super::{Room, room};

/// Every request reaches the table twice, and the second answer is the one that is seen.
pub async fn room_that_loses_answers() -> Room {
    let room = room().await;
    let config = room.client.config();
    let client = FirstAnswersLost(config.http_client().unwrap());
    let client = Client::from_conf(config.to_builder().http_client(client).build());
    let table = Table::new(client.clone(), "daybook", room.clock.clone());
    Room { table, client, ..room }
}

#[derive(Debug)]
struct FirstAnswersLost(SharedHttpClient);

impl HttpClient for FirstAnswersLost {
    fn http_connector(&self, with: &HttpConnectorSettings, at: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Twice(self.0.http_connector(with, at)))
    }
}

#[derive(Debug)]
struct Twice(SharedHttpConnector);

impl HttpConnector for Twice {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let table = self.0.clone();
        HttpConnectorFuture::new(async move {
            table.call(request.try_clone().unwrap()).await?;
            table.call(request).await
        })
    }
}
