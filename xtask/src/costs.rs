//! What it costs to keep the tokens on AWS, in either form, as docs/adr/0011-where-tokens-live.md shows it. It prices
//! nothing else of a stack.

use std::fmt::Write;

use crate::prices::{KMS_CALL, KMS_KEY, READ, SECRET, SECRET_CALL, STORED_KB, WRITE};

// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html>, for one account and region.

const MOST_SECRETS: u64 = 500_000;
/// Not adjustable.
const MOST_WRITES_PER_SECOND: u64 = 50;

// What a connection does in a month.

/// Access tokens live for an hour, and each connection is busy around the clock.
const REFRESHES: u64 = 720;
/// Microsoft rotates the token at each refresh; this is its share, as one in so many.
const ROTATING: u64 = 2;
const ROTATIONS: u64 = REFRESHES / ROTATING;
const CONNECTIONS_OF_A_PRACTICE: u64 = 50;
/// Cold processes read a practice's key so often.
const KEY_READS: u64 = 720;
/// A sealed Microsoft token is 2 to 3 KB; a pointer is less than one.
const SEALED_KB: u64 = 3;
const POINTER_KB: u64 = 1;

const SIZES: [u64; 4] = [1_000, 100_000, 1_000_000, 10_000_000];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    Secret,
    Sealed,
}

/// A month of one form.
#[derive(PartialEq, Eq, Debug)]
struct Month {
    secrets: u64,
    /// Writes to Secrets Manager in an hour.
    writes_per_hour: u64,
    nanodollars: u64,
}

fn month(form: Form, connections: u64) -> Month {
    let practices = connections.div_ceil(CONNECTIONS_OF_A_PRACTICE);
    let (secrets, calls, kb, writes_per_hour) = match form {
        Form::Secret => {
            (connections, connections * (REFRESHES + ROTATIONS), POINTER_KB, connections / ROTATING)
        }
        Form::Sealed => (practices, practices * KEY_READS, SEALED_KB, 0),
    };
    // Each refresh reads the row; each rotation reads it once more and writes it.
    let rows = connections * ((REFRESHES + ROTATIONS) * READ + ROTATIONS * kb * WRITE + kb * STORED_KB);
    let nanodollars = KMS_KEY + secrets * SECRET + calls * (SECRET_CALL + KMS_CALL) + rows;
    Month { secrets, writes_per_hour, nanodollars }
}

/// The table in Markdown.
pub fn table() -> String {
    let mut table = String::from(
        "| connections | `secret`: secrets | writes/s | $/month | `sealed`: secrets | writes/s | $/month |\n\
         |---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for connections in SIZES {
        let [secret, sealed] = [Form::Secret, Form::Sealed].map(|form| cells(&month(form, connections)));
        // Writing to a string does not fail.
        let _ = writeln!(table, "| {} | {secret} | {sealed} |", grouped(connections));
    }
    table
}

fn cells(month: &Month) -> String {
    let tenths = (month.writes_per_hour * 10 + 1_800) / 3_600;
    let writes = format!("{}.{}", grouped(tenths / 10), tenths % 10);
    let writes = marked(writes, month.writes_per_hour, MOST_WRITES_PER_SECOND * 3_600);
    let secrets = marked(grouped(month.secrets), month.secrets, MOST_SECRETS);
    let dollars = grouped((month.nanodollars + 500_000_000) / 1_000_000_000);
    format!("{secrets} | {writes} | {dollars}")
}

/// Bold where there are more than the quota allows.
fn marked(cell: String, number: u64, quota: u64) -> String {
    if number > quota { format!("**{cell}**") } else { cell }
}

/// 1234567 as 1,234,567.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let (head, tail) = digits.split_at(first);
    let threes = tail.as_bytes().chunks(3).map(|three| String::from_utf8_lossy(three).into_owned());
    let groups: Vec<String> =
        Some(head.to_owned()).filter(|head| !head.is_empty()).into_iter().chain(threes).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn the_decision_shows_what_is_computed() {
        let shown = include_str!("../../docs/adr/0011-where-tokens-live.md");
        assert!(shown.contains(&table()), "cargo xtask costs prints:\n{}", table());
    }

    #[test]
    fn a_month_is_the_sum_of_its_requests() {
        // By hand, for one practice: a key secret and its 720 reads; 50 rows, each read 1,080 and written 360 times.
        let key = 400_000_000 + 720 * 8_000;
        let rows = 50 * (1_080 * 125 + 360 * 3 * 625 + 3 * 250);
        let sealed = Month { secrets: 1, writes_per_hour: 0, nanodollars: 1_000_000_000 + key + rows };
        assert_eq!(month(Form::Sealed, 50), sealed);
        let each = 400_000_000 + 1_080 * 8_000 + 1_080 * 125 + 360 * 625 + 250;
        let secret = Month { secrets: 50, writes_per_hour: 25, nanodollars: 1_000_000_000 + 50 * each };
        assert_eq!(month(Form::Secret, 50), secret);
    }

    #[test]
    fn what_is_over_a_quota_is_marked() {
        for (connections, expected) in [
            (360_000, "360,000 | 50.0 | 147,241"),
            (360_002, "360,002 | **50.0** | 147,242"),
            (500_000, "500,000 | **69.4** | 204,501"),
            (500_001, "**500,001** | **69.4** | 204,502"),
        ] {
            assert_eq!(cells(&month(Form::Secret, connections)), expected);
        }
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, expected) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), expected);
        }
    }
}
