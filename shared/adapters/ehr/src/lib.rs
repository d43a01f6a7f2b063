//! EHRs behind the engine's port: FHIR R4.
