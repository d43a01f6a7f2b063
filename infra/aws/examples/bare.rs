//! What the door of the providers' notifications is measured against: a function that makes the same two requests of the
//! table for each event and does nothing else.

use std::process::ExitCode;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use daybook_aws::shared_config;
use lambda_http::{Error, Request, Response, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let client = Client::new(&shared_config(|name| std::env::var(name).ok()));
    let table = std::env::var("DAYBOOK_TABLE").unwrap_or_default();
    let answer = service_fn(move |_: Request| {
        let (client, table) = (client.clone(), table.clone());
        async move { answer(&client, &table).await }
    });
    match run(answer).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

async fn answer(client: &Client, table: &str) -> Result<Response<String>, Error> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let row = client.get_item().table_name(table).consistent_read(true);
    row.key("pk", text("W#google#bench")).key("sk", text("SUB")).send().await?;
    let count = client.update_item().table_name(table).update_expression("ADD received :one");
    let count = count.expression_attribute_values(":one", AttributeValue::N("1".into()));
    count.key("pk", text("C#demo#bare")).key("sk", text("CONN")).send().await?;
    Ok(Response::builder().status(204).body(String::new())?)
}
