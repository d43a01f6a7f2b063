//! List prices of AWS that the project computes with: us-east-1, as read in August 2026, without free tiers. Nanodollars
//! for one, which is as much as thousandths of a dollar for a million. It computes nothing.
#![allow(dead_code, reason = "the costs of tokens and the bench of the functions each price their own part")]

/// <https://aws.amazon.com/secrets-manager/pricing/>: $0.40 a secret and month, $0.05 for 10,000 calls.
pub const SECRET: u64 = 400_000_000;
pub const SECRET_CALL: u64 = 5_000;
/// <https://aws.amazon.com/kms/pricing/>: $1 a key and month, $0.03 for 10,000 calls; each call on a secret makes one.
pub const KMS_KEY: u64 = 1_000_000_000;
pub const KMS_CALL: u64 = 3_000;
/// <https://aws.amazon.com/dynamodb/pricing/on-demand/>, since November 2024: $0.625 for a million writes of 1 KB,
/// $0.125 for a million reads of 4 KB, $0.25 a GB and month.
pub const WRITE: u64 = 625;
pub const READ: u64 = 125;
pub const STORED_KB: u64 = 250;
/// <https://aws.amazon.com/sqs/pricing/>: $0.40 for a million requests.
pub const MESSAGE_REQUEST: u64 = 400;
/// <https://aws.amazon.com/lambda/pricing/>: $0.20 for a million, their time apart.
pub const INVOCATION: u64 = 200;
/// <https://aws.amazon.com/api-gateway/pricing/>: $1.00 for a million requests of an HTTP API.
pub const API_REQUEST: u64 = 1_000;
