//! The template of the AWS stack, held against the code that it deploys: what the code needs is in it, and nothing that
//! it does not need. Nothing is started; that the functions work with it is shown in `e2e_aws`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod alarms;
mod functions;
mod kept;
mod lint;
mod plain;
mod roles;
mod routes;
