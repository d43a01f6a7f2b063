//! Clients of AWS, from the variables that Lambda itself sets: region, credentials, the function's name. All share one
//! pool of connections and one patience. They are made without asking anybody anything.

use std::borrow::Cow;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::BehaviorVersion;
use aws_smithy_http_client::{Builder, tls};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::app_name::AppName;
use aws_types::region::Region;
use aws_types::sdk_config::SharedHttpClient;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

const CONNECT: Duration = Duration::from_secs(1);
/// One try, from the request to its answer.
const ATTEMPT: Duration = Duration::from_secs(3);
const ATTEMPTS: u32 = 3;
/// After a frozen function thaws, its idle sockets are dead.
const IDLE: Duration = Duration::from_secs(20);

/// What all clients are made from. `variables` looks one up in the process.
pub fn shared_config(variables: fn(&str) -> Option<String>) -> SdkConfig {
    let find = |name: &str| variables(name).filter(|value| !value.is_empty());
    let text = |name: &str| find(name).unwrap_or_default();
    let credentials = Credentials::new(
        text("AWS_ACCESS_KEY_ID"),
        text("AWS_SECRET_ACCESS_KEY"),
        find("AWS_SESSION_TOKEN"),
        // They outlive this process: Lambda ends it before they do.
        None,
        "lambda",
    );
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(find("AWS_REGION").or_else(|| find("AWS_DEFAULT_REGION")).map(Region::new))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(
            TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).build(),
        )
        .service_config(Variables(variables))
        .http_client(one_pool());
    config.set_endpoint_url(find("AWS_ENDPOINT_URL"));
    // So that a trail of requests tells which function made them.
    config.set_app_name(AppName::new(Cow::from(text("AWS_LAMBDA_FUNCTION_NAME"))).ok());
    config.build()
}

fn one_pool() -> SharedHttpClient {
    Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc))
        .pool_idle_timeout(IDLE)
        .build_https()
}

/// Lets tests put something before one service: `AWS_ENDPOINT_URL_DYNAMODB` and its like.
#[derive(Debug)]
struct Variables(fn(&str) -> Option<String>);

impl LoadServiceConfig for Variables {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().to_uppercase().replace(' ', "_");
        (self.0)(&format!("{}_{service}", key.env())).filter(|value| !value.is_empty())
    }
}
