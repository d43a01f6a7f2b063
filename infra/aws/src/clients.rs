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
/// Unless `AWS_MAX_ATTEMPTS` is a number of its own, as for other programs that speak to AWS.
const ATTEMPTS: u32 = 3;
/// Before the second attempt, at most; a throttled table wants no more.
const PAUSE: Duration = Duration::from_millis(100);
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
    let attempts = find("AWS_MAX_ATTEMPTS").and_then(|count| count.parse().ok()).filter(|count| *count > 0);
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(find("AWS_REGION").or_else(|| find("AWS_DEFAULT_REGION")).map(Region::new))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(attempts.unwrap_or(ATTEMPTS))
                .with_initial_backoff(PAUSE),
        )
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn on_lambda(name: &str) -> Option<String> {
        let value = match name {
            "AWS_REGION" => "eu-central-1",
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => "x",
            "AWS_LAMBDA_FUNCTION_NAME" => "daybook-prod-settings",
            "AWS_ENDPOINT_URL_SECRETS_MANAGER" => "http://127.0.0.1:2",
            "AWS_ENDPOINT_URL" => "http://127.0.0.1:1",
            "AWS_SESSION_TOKEN" => "",
            "AWS_MAX_ATTEMPTS" => "7",
            _ => return None,
        };
        Some(value.to_owned())
    }

    #[test]
    fn the_function_s_own_variables_are_heeded() {
        let config = shared_config(on_lambda);
        assert_eq!(config.region().unwrap().as_ref(), "eu-central-1");
        assert_eq!(config.app_name().unwrap().as_ref(), "daybook-prod-settings");
        assert_eq!(config.endpoint_url(), Some("http://127.0.0.1:1"));
        assert_eq!(config.retry_config().unwrap().max_attempts(), 7);
        let unsaid: [fn(&str) -> Option<String>; 3] =
            [|_| None, |_| Some("0".to_owned()), |_| Some("many".to_owned())];
        for variables in unsaid {
            assert_eq!(shared_config(variables).retry_config().unwrap().max_attempts(), ATTEMPTS);
        }
        let service = config.service_config().unwrap();
        for (id, expected) in [("Secrets Manager", Some("http://127.0.0.1:2")), ("DynamoDB", None)] {
            let key = ServiceConfigKey::builder()
                .service_id(id)
                .env("AWS_ENDPOINT_URL")
                .profile("endpoint_url")
                .build()
                .unwrap();
            assert_eq!(service.load_config(key).as_deref(), expected, "{id}");
        }
    }

    #[test]
    fn nothing_prints_the_credentials() {
        fn secret(name: &str) -> Option<String> {
            name.starts_with("AWS_S").then(|| "hunter2".to_owned())
        }
        assert!(!format!("{:?}", shared_config(secret)).contains("hunter2"));
    }
}
