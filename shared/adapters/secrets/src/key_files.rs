//! One key file a practice: 32 random bytes that are made once and never overwritten. Deleting the file shreds
//! whatever was sealed with it. What keys are for is said elsewhere.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use daybook_core::ids::PracticeId;
use daybook_engine::ports::VaultError;

use crate::practice_keys::{PracticeKeys, Secret, is_plain};
use crate::random::{drawn, hexadecimal};

/// The folder of key files.
pub struct KeyFiles {
    folder: PathBuf,
}

impl KeyFiles {
    /// Made if missing; nobody else may look into it.
    pub fn open(folder: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// The practice's secret, made now if there is none yet.
    pub fn secret(&self, practice: &PracticeId) -> io::Result<Secret> {
        match self.find_secret(practice)? {
            Some(secret) => Ok(secret),
            None => self.make(practice),
        }
    }

    pub fn find_secret(&self, practice: &PracticeId) -> io::Result<Option<Secret>> {
        let mut file = match File::open(self.path(practice)?) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut secret = Secret::default();
        file.read_exact(secret.as_mut_slice())?;
        Ok(Some(secret))
    }

    /// Written aside, synced, and linked to its name only then: no reader ever sees half a key, and whoever comes
    /// second uses the key of the first.
    fn make(&self, practice: &PracticeId) -> io::Result<Secret> {
        let aside = self.folder.join(format!(".{}", hexadecimal::<8>()));
        let secret = Secret::new(drawn());
        let written = write_new(&aside, secret.as_slice());
        let linked = written.and_then(|()| fs::hard_link(&aside, self.path(practice)?));
        fs::remove_file(&aside)?;
        match linked {
            Ok(()) => File::open(&self.folder)?.sync_all().map(|()| secret),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.find_secret(practice)?.ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    fn path(&self, practice: &PracticeId) -> io::Result<PathBuf> {
        let name = practice.as_str();
        if !is_plain(name) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the practice's name is no file name"));
        }
        Ok(self.folder.join(format!("{name}.key")))
    }
}

#[async_trait]
impl PracticeKeys for KeyFiles {
    async fn secret(&self, practice: &PracticeId) -> Result<Secret, VaultError> {
        KeyFiles::secret(self, practice).map_err(unreachable)
    }

    async fn find_secret(&self, practice: &PracticeId) -> Result<Option<Secret>, VaultError> {
        KeyFiles::find_secret(self, practice).map_err(unreachable)
    }
}

fn unreachable(cause: io::Error) -> VaultError {
    VaultError::Later { cause: Some(cause.into()) }
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_key_is_made_once_and_is_for_our_eyes_only() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("deep/keys");
        let files = KeyFiles::open(&folder).unwrap();
        assert_eq!(files.find_secret(&"demo".into()).unwrap(), None);
        let secret = files.secret(&"demo".into()).unwrap();
        assert_eq!(KeyFiles::open(&folder).unwrap().secret(&"demo".into()).unwrap(), secret);
        assert_ne!(files.secret(&"other".into()).unwrap(), secret);
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(&folder.join("demo.key")), 0o600);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "nothing is left aside");
    }

    #[test]
    fn many_at_once_agree_on_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let files = KeyFiles::open(folder.path()).unwrap();
        let secrets: Vec<Secret> = std::thread::scope(|scope| {
            let makers: Vec<_> =
                (0..8).map(|_| scope.spawn(|| files.secret(&"demo".into()).unwrap())).collect();
            makers.into_iter().map(|maker| maker.join().unwrap()).collect()
        });
        assert!(secrets.iter().all(|secret| *secret == secrets[0]));
    }

    #[test]
    fn a_damaged_key_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let files = KeyFiles::open(folder.path()).unwrap();
        fs::write(folder.path().join("demo.key"), b"short").unwrap();
        files.secret(&"demo".into()).unwrap_err();
        assert_eq!(fs::read(folder.path().join("demo.key")).unwrap(), b"short");
    }

    #[test]
    fn names_that_leave_the_folder_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let files = KeyFiles::open(folder.path()).unwrap();
        for name in ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "a\0b", "ä", &"x".repeat(129)] {
            files.secret(&name.into()).unwrap_err();
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
