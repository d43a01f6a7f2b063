//! On schedule: polls EHRs, wakes what is due.
