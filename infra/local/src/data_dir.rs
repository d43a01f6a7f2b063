//! The data directory: made for our eyes only, held by one process at a time, with the keys that were generated.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::SecretString;

/// The directory, held until this is dropped.
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

/// Why the directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    #[error("{path} is in use by another process")]
    InUse { path: PathBuf },
    #[error("{path} cannot be used: {cause}")]
    Unusable {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("the system gives no random numbers")]
    NoRandomness,
}

/// A secret of this directory, and whether it was made just now.
pub enum Kept {
    Before(SecretString),
    Now(SecretString),
}

/// The secrets that are generated where none are configured.
#[derive(Clone, Copy)]
pub enum Key {
    Api,
    Platform,
    EhrHook,
    Notices,
}

impl Key {
    /// The name of its file.
    pub fn file(self) -> &'static str {
        match self {
            Key::Api => "api-key",
            Key::Platform => "platform-key",
            Key::EhrHook => "ehr-hook-secret",
            Key::Notices => "notice-secret",
        }
    }

    fn generate(self) -> Result<String, DataDirError> {
        let mut bytes = [0; 32];
        rand::fill(&mut bytes).map_err(|_| DataDirError::NoRandomness)?;
        Ok(match self {
            Key::Api | Key::Platform => URL_SAFE_NO_PAD.encode(bytes),
            Key::EhrHook | Key::Notices => format!("whsec_{}", STANDARD.encode(bytes)),
        })
    }
}

impl DataDir {
    /// Makes the directory if it is missing, and holds it. Two processes would each take the other's unfinished
    /// work for abandoned.
    pub fn hold(path: &Path) -> Result<Self, DataDirError> {
        let unusable = |cause| DataDirError::Unusable { path: path.to_owned(), cause };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(unusable)?;
        let path = path.canonicalize().map_err(unusable)?;
        let lock = path.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(lock)
            .map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path, _lock: file }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse { path }),
            Err(TryLockError::Error(cause)) => Err(DataDirError::Unusable { path, cause }),
        }
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The secret in its file; made, and synced, if there is none.
    pub fn secret(&self, key: Key) -> Result<Kept, DataDirError> {
        let path = self.file(key.file());
        let unusable = |cause| DataDirError::Unusable { path: path.clone(), cause };
        match fs::read_to_string(&path) {
            Ok(text) if !text.trim().is_empty() => Ok(Kept::Before(text.trim().to_owned().into())),
            Ok(_) => make(key, &path).map(Kept::Now),
            Err(error) if error.kind() == io::ErrorKind::NotFound => make(key, &path).map(Kept::Now),
            Err(error) => Err(unusable(error)),
        }
    }
}

/// Written aside and renamed, so that a crash never leaves half a key.
fn make(key: Key, path: &Path) -> Result<SecretString, DataDirError> {
    let unusable = |cause| DataDirError::Unusable { path: path.to_owned(), cause };
    let text = key.generate()?;
    let aside = path.with_extension("new");
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&aside)
        .map_err(unusable)?;
    writeln!(file, "{text}").and_then(|()| file.sync_all()).map_err(unusable)?;
    fs::rename(&aside, path).map_err(unusable)?;
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use secrecy::ExposeSecret;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn it_belongs_to_one_process_and_one_person() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/data");
        let held = DataDir::hold(&path).unwrap();
        assert!(matches!(DataDir::hold(&path), Err(DataDirError::InUse { .. })));
        assert_eq!(mode(&path), 0o700);
        drop(held);
        DataDir::hold(&path).unwrap();
    }

    #[test]
    fn secrets_are_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::hold(folder.path()).unwrap();
        for key in [Key::Api, Key::Platform, Key::EhrHook] {
            let Kept::Now(made) = data.secret(key).unwrap() else { panic!("there was none") };
            let Kept::Before(kept) = data.secret(key).unwrap() else { panic!("there was one") };
            assert_eq!(made.expose_secret(), kept.expose_secret());
            assert_eq!(mode(&data.file(key.file())), 0o600);
        }
        let hook = fs::read_to_string(data.file("ehr-hook-secret")).unwrap();
        assert!(daybook_ehr_change::HookSecret::parse(hook.trim()).is_ok());
    }

    #[test]
    fn a_file_in_its_place_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "").unwrap();
        assert!(matches!(DataDir::hold(&path), Err(DataDirError::Unusable { .. })));
    }
}
