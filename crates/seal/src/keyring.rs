//! The project's keys, as files only their owner may read.

use crate::age_file::Identity;
use crate::envelope::{self, Key, new_key};
use crate::key_file::{is_own, named, read_private};
use crate::messages::{
    DATA_MISSING, IDENTITY_MALFORMED, KEYS_DISAGREE, KEYS_EXIST, MASTER_MALFORMED, RANDOMNESS,
    SIGNING_MALFORMED,
};
use crate::public_key::PublicKey;
use age::secrecy::ExposeSecret;
use age::x25519;
use hkdf::Hkdf;
use ingot_base::{Fault, Result, Secret, atomic, fault};
use p256::SecretKey;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use sha2::Sha256;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;
use zeroize::Zeroizing;

const IDENTITY: &str = "identity.txt";
const RECIPIENT: &str = "recipient.txt";
const SIGNING: &str = "signing.pem";
const SIGNING_PUBLIC: &str = "signing.pub";
const MASTER: &str = "master.key";
const DATA: &str = "data.key";
const PUBLIC_LIMIT: u64 = 1 << 16;
/// The line of `identity.txt`, a comment to others, by which a folder remembers that its root key is in `data.key`: without that file the
/// master key must not be taken for the root.
const ENVELOPED: &str = "# root key: data.key";

/// RFC 5869: HKDF-SHA-256 gives at most 255 blocks of 32 bytes.
const HKDF_LIMIT: usize = 255 * 32;

/// An age identity, a P-256 signing key, and the root key from which all other keys are derived. Wiped on drop.
pub struct Keyring {
    identity: Identity,
    recipient: String,
    signing: SigningKey,
    public: PublicKey,
    root: Secret<Vec<u8>>,
    enveloped: bool,
}

impl Keyring {
    /// Makes new keys in `dir`: `identity.txt`, `signing.pem`, `master.key` and `data.key` (the root key, encrypted under the
    /// master key) with mode 0600, and the public halves `recipient.txt` and `signing.pub`.
    ///
    /// # Errors
    /// When one of these files exists (nothing is overwritten) or the folder cannot be written.
    pub fn create(dir: &Path) -> Result<Self> {
        for name in [IDENTITY, RECIPIENT, SIGNING, SIGNING_PUBLIC, MASTER, DATA] {
            let path = dir.join(name);
            if path.symlink_metadata().is_ok() {
                return Err(Fault::new(&KEYS_EXIST).arg("path", path.display()));
            }
        }
        make_folder(dir)?;
        let identity = x25519::Identity::generate();
        let text = identity.to_string();
        let public = identity.to_public();
        let file = Zeroizing::new(format!(
            "{ENVELOPED}\n# public key: {public}\n{}\n",
            text.expose_secret()
        ));
        atomic::write_private(&dir.join(IDENTITY), file.as_bytes())?;

        let pem = signing_key()?
            .to_pkcs8_pem(LineEnding::LF)
            .map_err(|error| fault::internal("signing key without a PEM form").because(error))?;
        atomic::write_private(&dir.join(SIGNING), pem.as_bytes())?;

        let master = new_key()?;
        envelope::write(&dir.join(DATA), &new_key()?, &[&master])?;
        write_master(dir, &master)?;
        Self::open(dir)
    }

    /// New keys that are kept nowhere: what they protect is lost with them.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn unsaved() -> Result<Self> {
        let identity = Identity::new();
        let signing = SigningKey::from(signing_key()?);
        Ok(Self {
            recipient: identity.recipient(),
            identity,
            public: PublicKey::of(*signing.verifying_key())?,
            signing,
            root: Secret::new(new_key()?.to_vec()),
            enveloped: true,
        })
    }

    /// Replaces the master key. The root key stays, so nothing that it guards is written again, and every token, table and
    /// API key goes on as before. In a folder of an earlier version, whose master key is its root, the root gets its
    /// envelope only now: who has the old master key can still derive all keys, [`Rotation::OldKeyOpens`].
    ///
    /// # Errors
    /// When the keys cannot be read or written; when `data.key` is lost, in which case nothing is written. A crash at any moment leaves keys
    /// that open.
    pub fn rotate(dir: &Path) -> Result<Rotation> {
        // Two at once would each write the root under a master key that the other replaces.
        let _held = held(dir, File::lock).map_err(|error| {
            Fault::new(&fault::FILE_READ).arg("path", dir.join(SIGNING).display()).because(error)
        })?;
        // Unfinished files hold the root under master keys that are to open nothing any more.
        atomic::sweep(dir, 0);
        let old = read_master(dir)?;
        let path = dir.join(DATA);
        let (root, enveloped) = read_root(dir, &old)?;
        let new = new_key()?;
        envelope::write(&path, &root, &[&old, &new])?;
        remember(dir);
        write_master(dir, &new)?;
        envelope::write(&path, &root, &[&new])?;
        Ok(if enveloped { Rotation::Replaced } else { Rotation::OldKeyOpens })
    }

    /// Reads the keys in `dir`. Missing public halves are written again from the private ones.
    ///
    /// # Errors
    /// When a private key is missing or malformed, when others may read it, or when a public half belongs to another key. A folder whose
    /// `data.key` is lost is refused: its master key is not its root.
    pub fn open(dir: &Path) -> Result<Self> {
        // Where files cannot be locked, the keys are read all the same.
        let _held = held(dir, File::lock_shared);
        let identity = Identity::read(&dir.join(IDENTITY))?;
        let recipient = identity.recipient();

        let path = dir.join(SIGNING);
        let pem = read_private(&path, &SIGNING_MALFORMED)?;
        let signing =
            SigningKey::from_pkcs8_pem(pem.trim()).map_err(|_| named(&path, &SIGNING_MALFORMED))?;
        let public = PublicKey::of(*signing.verifying_key())?;

        let master = read_master(dir)?;
        let (root, enveloped) = read_root(dir, &master)?;
        if enveloped {
            remember(dir);
        }
        public_half(dir, RECIPIENT, IDENTITY, &format!("{recipient}\n"))?;
        public_half(dir, SIGNING_PUBLIC, SIGNING, public.to_pem())?;
        let root = Secret::new(root.to_vec());
        Ok(Self { identity, recipient, signing, public, root, enveloped })
    }

    /// Whether the root key has an envelope of its own. In folders of earlier versions the master key is the root; a folder from which
    /// `data.key` was lost before it remembered to have one looks the same, so what was made with the keys has to tell.
    pub fn is_enveloped(&self) -> bool {
        self.enveloped
    }

    /// The recipient (`age1…`) others encrypt for.
    pub fn recipient(&self) -> &str {
        &self.recipient
    }

    /// The identity that decrypts payloads.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The public half of the signing key.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The public half of the signing key as PEM text.
    pub fn public_key_pem(&self) -> String {
        self.public.to_pem().to_owned()
    }

    /// An ECDSA P-256 signature of `document` with SHA-256, in DER: `openssl dgst -sha256 -verify signing.pub` checks it.
    ///
    /// # Errors
    /// Never in practice; a signature that cannot be made is a defect.
    pub fn sign(&self, document: &[u8]) -> Result<Vec<u8>> {
        let signature: Signature = self
            .signing
            .try_sign(document)
            .map_err(|error| fault::internal("a document cannot be signed").because(error))?;
        Ok(signature.to_der().as_bytes().to_vec())
    }

    pub(crate) fn signing(&self) -> &SigningKey {
        &self.signing
    }

    /// A key of `len` bytes for one purpose: HKDF-SHA-256 (RFC 5869) of the root key without salt, with the info
    /// `ingot/v1/` and the purpose. Different purposes give independent keys; the same purpose and length the same key.
    /// Beyond 8,160 bytes, the RFC's limit, further pieces have `#1`, `#2`, … appended to the info.
    ///
    /// # Panics
    /// Never: each piece is within the limit.
    pub fn derive(&self, purpose: &str, len: usize) -> Secret<Vec<u8>> {
        let hkdf = Hkdf::<Sha256>::new(None, self.root.expose());
        let mut key = vec![0; len];
        for (piece, bytes) in key.chunks_mut(HKDF_LIMIT).enumerate() {
            let info = match piece {
                0 => format!("ingot/v1/{purpose}"),
                _ => format!("ingot/v1/{purpose}#{piece}"),
            };
            #[expect(
                clippy::expect_used,
                reason = "expansion fails only beyond HKDF_LIMIT; a zero key must never leave"
            )]
            hkdf.expand(info.as_bytes(), bytes).expect("within the limit");
        }
        Secret::new(key)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("recipient", &self.recipient).finish_non_exhaustive()
    }
}

/// What a rotation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// The old master key opens nothing in this folder any more.
    Replaced,
    /// The old master key was the root itself, so who has it can still derive every key.
    OldKeyOpens,
}

/// The folder's keys, held while they are read or replaced: by a lock on the file among them that nobody writes again.
fn held(dir: &Path, lock: impl FnOnce(&File) -> io::Result<()>) -> io::Result<File> {
    let file = atomic::open(&dir.join(SIGNING))?;
    lock(&file)?;
    Ok(file)
}

/// The root key, and whether it is in an envelope; in folders of earlier versions, which have none, the master key is the root.
fn read_root(dir: &Path, master: &Key) -> Result<(Key, bool)> {
    let path = dir.join(DATA);
    // A link that leads nowhere is a lost file too.
    if path.symlink_metadata().is_ok() {
        return Ok((envelope::read(&path, master)?, true));
    }
    if remembers(dir)? {
        return Err(Fault::new(&DATA_MISSING).arg("path", path.display()));
    }
    Ok((master.clone(), false))
}

/// Whether the folder has, or had, its root key in an envelope.
fn remembers(dir: &Path) -> Result<bool> {
    Ok(is_marked(&read_private(&dir.join(IDENTITY), &IDENTITY_MALFORMED)?))
}

fn is_marked(identity: &str) -> bool {
    identity.lines().any(|line| line.trim() == ENVELOPED)
}

/// Has a folder of before remember its envelope. Where the identity is a link, another user's or not to be written, all stays as it is: the
/// keys open either way.
fn remember(dir: &Path) {
    let path = dir.join(IDENTITY);
    if !is_own(&path) {
        return;
    }
    if let Ok(text) = read_private(&path, &IDENTITY_MALFORMED)
        && !is_marked(&text)
    {
        let marked = Zeroizing::new(format!("{ENVELOPED}\n{}", *text));
        let _ = atomic::write_private(&path, marked.as_bytes());
    }
}

fn read_master(dir: &Path) -> Result<Key> {
    let path = dir.join(MASTER);
    let text = read_private(&path, &MASTER_MALFORMED)?;
    let mut master = Key::default();
    hex::decode_to_slice(text.trim(), &mut *master).map_err(|_| named(&path, &MASTER_MALFORMED))?;
    Ok(master)
}

fn write_master(dir: &Path, master: &Key) -> Result<()> {
    let hex = Zeroizing::new(format!("{}\n", *Zeroizing::new(hex::encode(**master))));
    atomic::write_private(&dir.join(MASTER), hex.as_bytes())
}

fn public_half(dir: &Path, public: &str, private: &str, text: &str) -> Result<()> {
    let path = dir.join(public);
    if !path.exists() {
        return atomic::write(&path, text.as_bytes());
    }
    let found = atomic::read(&path, PUBLIC_LIMIT)?;
    if String::from_utf8_lossy(&found).trim() == text.trim() {
        return Ok(());
    }
    Err(Fault::new(&KEYS_DISAGREE)
        .arg("public", path.display())
        .arg("private", dir.join(private).display()))
}

/// A new folder is for its owner alone; one that exists keeps its mode.
fn make_folder(dir: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(dir)
        .map_err(|error| Fault::new(&fault::FILE_WRITE).arg("path", dir.display()).because(error))
}

/// A uniformly random P-256 key: rejection sampling, as FIPS 186-5 A.2.2 asks.
fn signing_key() -> Result<SecretKey> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    loop {
        random(&mut *bytes)?;
        if let Ok(key) = SecretKey::from_slice(&*bytes) {
            return Ok(key);
        }
    }
}

pub(crate) fn random(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|error| Fault::new(&RANDOMNESS).because(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[cfg(unix)]
    fn mode(path: &Path) -> u32 {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[cfg(unix)]
    fn set_mode(path: &Path, mode: u32) {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn keys_that_many_replace_and_read_at_once_always_open() {
        let dir = tempfile::tempdir().unwrap();
        let keys = dir.path().join("keys");
        let made = Keyring::create(&keys).unwrap();
        atomic::write(&keys.join(".ingot-killed.partial"), b"the root under an old key").unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..25 {
                        assert_eq!(Keyring::rotate(&keys).unwrap(), Rotation::Replaced);
                    }
                });
                scope.spawn(|| (0..25).for_each(|_| drop(Keyring::open(&keys).unwrap())));
            }
        });
        let opened = Keyring::open(&keys).unwrap();
        assert_eq!(made.derive("a", 32).expose(), opened.derive("a", 32).expose());
        assert!(!keys.join(".ingot-killed.partial").exists());
    }

    #[test]
    fn made_once_opened_again_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let keys = dir.path().join("keys");
        let made = Keyring::create(&keys).unwrap();
        let opened = Keyring::open(&keys).unwrap();
        assert_eq!(made.recipient(), opened.recipient());
        assert_eq!(made.public_key_pem(), opened.public_key_pem());
        assert_eq!(made.derive("a", 32).expose(), opened.derive("a", 32).expose());
        #[cfg(unix)]
        assert_eq!(mode(&keys), 0o700);
        assert_eq!(Keyring::create(&keys).unwrap_err().code(), "seal-keys-exist");
        fs::remove_file(keys.join(MASTER)).unwrap();
        assert_eq!(Keyring::create(&keys).unwrap_err().code(), "seal-keys-exist");
        assert_eq!(Keyring::open(&keys).unwrap_err().code(), "seal-key-missing");
    }

    #[cfg(unix)]
    #[test]
    fn private_files_are_0600_and_refused_when_wider() {
        let dir = tempfile::tempdir().unwrap();
        Keyring::create(dir.path()).unwrap();
        for name in [IDENTITY, SIGNING, MASTER, DATA] {
            let path = dir.path().join(name);
            assert_eq!(mode(&path), 0o600, "{name}");
            for wide in [0o640, 0o604, 0o610, 0o700, 0o4600] {
                set_mode(&path, wide);
                let fault = Keyring::open(dir.path()).unwrap_err();
                assert_eq!(fault.code(), "seal-key-mode");
                assert!(fault.to_string().contains(name), "{fault}");
            }
            set_mode(&path, 0o400);
            Keyring::open(dir.path()).unwrap();
            set_mode(&path, 0o600);
        }
        set_mode(&dir.path().join(IDENTITY), 0o644);
        assert_eq!(Identity::read(&dir.path().join(IDENTITY)).unwrap_err().code(), "seal-key-mode");
    }

    #[test]
    fn public_halves_come_back_and_strangers_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        let keyring = Keyring::create(dir.path()).unwrap();
        Keyring::create(other.path()).unwrap();
        for name in [RECIPIENT, SIGNING_PUBLIC] {
            fs::remove_file(dir.path().join(name)).unwrap();
        }
        Keyring::open(dir.path()).unwrap();
        let pem = fs::read_to_string(dir.path().join(SIGNING_PUBLIC)).unwrap();
        assert_eq!(pem, keyring.public_key_pem());
        assert_eq!(PublicKey::from_pem(&pem).unwrap(), *keyring.public_key());
        fs::copy(other.path().join(SIGNING_PUBLIC), dir.path().join(SIGNING_PUBLIC)).unwrap();
        assert_eq!(Keyring::open(dir.path()).unwrap_err().code(), "seal-keys-disagree");
    }

    #[test]
    fn malformed_keys_are_named_and_their_text_is_never_shown() {
        let dir = tempfile::tempdir().unwrap();
        Keyring::create(dir.path()).unwrap();
        for name in [IDENTITY, SIGNING, MASTER, DATA] {
            let path = dir.path().join(name);
            let whole = fs::read(&path).unwrap();
            atomic::write_private(&path, b"AGE-SECRET-KEY-1CANARY").unwrap();
            let fault = Keyring::open(dir.path()).unwrap_err();
            assert!(fault.code().ends_with("-malformed"), "{fault}");
            assert!(fault.to_string().contains(name) && !format!("{fault:?}").contains("CANARY"));
            atomic::write_private(&path, &whole).unwrap();
        }
    }

    #[test]
    fn a_rotation_changes_the_master_key_and_no_derived_key() {
        let dir = tempfile::tempdir().unwrap();
        let before = Keyring::create(dir.path()).unwrap();
        let old = fs::read(dir.path().join(MASTER)).unwrap();
        assert_eq!(Keyring::rotate(dir.path()).unwrap(), Rotation::Replaced);
        let after = Keyring::open(dir.path()).unwrap();
        assert_eq!(before.derive("table", 16).expose(), after.derive("table", 16).expose());
        let new = fs::read(dir.path().join(MASTER)).unwrap();
        assert_ne!(old, new);
        // The old master key opens nothing.
        atomic::write_private(&dir.path().join(MASTER), &old).unwrap();
        assert_eq!(Keyring::open(dir.path()).unwrap_err().code(), "seal-envelope");
        atomic::write_private(&dir.path().join(MASTER), &new).unwrap();
        // A folder of an earlier version.
        make_earlier(dir.path());
        let before = Keyring::open(dir.path()).unwrap();
        assert_eq!(Keyring::rotate(dir.path()).unwrap(), Rotation::OldKeyOpens);
        let after = Keyring::open(dir.path()).unwrap();
        assert_eq!(before.derive("table", 16).expose(), after.derive("table", 16).expose());
        assert_eq!(Keyring::rotate(dir.path()).unwrap(), Rotation::Replaced);
    }

    /// As versions before the envelope left it: the master key is the root.
    fn make_earlier(dir: &Path) {
        forget(dir);
        fs::remove_file(dir.join(DATA)).unwrap();
    }

    fn forget(dir: &Path) {
        let path = dir.join(IDENTITY);
        let text = fs::read_to_string(&path).unwrap();
        let rest = text.strip_prefix(ENVELOPED).unwrap().trim_start();
        atomic::write_private(&path, rest.as_bytes()).unwrap();
    }

    /// Every file of a folder, by name.
    fn files(dir: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
        let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        let paths = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
        paths.map(|path| (name(&path), fs::read(&path).unwrap())).collect()
    }

    #[test]
    fn a_lost_envelope_is_refused_by_name_and_nothing_is_written() {
        for of_before in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            Keyring::create(dir.path()).unwrap();
            if of_before {
                // Opened once by this version, a folder remembers what it has.
                forget(dir.path());
                assert!(Keyring::open(dir.path()).unwrap().is_enveloped());
            }
            let whole = fs::read(dir.path().join(DATA)).unwrap();
            fs::remove_file(dir.path().join(DATA)).unwrap();
            fs::remove_file(dir.path().join(RECIPIENT)).unwrap();
            let before = files(dir.path());
            for refused in [
                Keyring::open(dir.path()).map(drop).unwrap_err(),
                Keyring::rotate(dir.path()).map(drop).unwrap_err(),
            ] {
                assert_eq!(refused.code(), "seal-data-key-missing");
                assert!(refused.to_string().contains(DATA), "{refused}");
            }
            assert_eq!(files(dir.path()), before);
            atomic::write_private(&dir.path().join(DATA), &whole).unwrap();
            Keyring::open(dir.path()).unwrap();
        }
    }

    #[test]
    fn a_folder_of_before_remembers_its_envelope_once_it_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        Keyring::create(dir.path()).unwrap();
        make_earlier(dir.path());
        assert!(!Keyring::open(dir.path()).unwrap().is_enveloped());
        Keyring::rotate(dir.path()).unwrap();
        fs::remove_file(dir.path().join(DATA)).unwrap();
        assert_eq!(Keyring::open(dir.path()).unwrap_err().code(), "seal-data-key-missing");
    }

    #[test]
    fn derivation_has_known_values_and_separates_purposes() {
        let dir = tempfile::tempdir().unwrap();
        Keyring::create(dir.path()).unwrap();
        make_earlier(dir.path());
        atomic::write_private(&dir.path().join(MASTER), "07".repeat(32).as_bytes()).unwrap();
        let keyring = Keyring::open(dir.path()).unwrap();
        // Computed with Python's `cryptography`: HKDF(SHA256, 42, None, b"ingot/v1/test").derive(b"\x07" * 32)
        assert_eq!(hex::encode(keyring.derive("test", 42).expose()), KNOWN);
        assert_ne!(keyring.derive("test", 32).expose(), keyring.derive("Test", 32).expose());
        let long = keyring.derive("long", 20_000);
        assert_eq!(long.expose().len(), 20_000);
        assert_eq!(long.expose()[..8_160], keyring.derive("long", 8_160).expose()[..]);
        assert_ne!(long.expose()[..64], long.expose()[8_160..8_224]);
    }

    const KNOWN: &str =
        "0193eca2b122fc8b55ec37d76ba5cca9bb70ec374ac1da1ae9a3dd27def5042496a02f70f7c5b908e98f";
}
