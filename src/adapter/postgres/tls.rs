//! Takes how safe a connection must be; gives the TLS set-up that checks exactly that much, as libpq does; refuses keys
//! that others can read.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::resolve::{Roots, Security, SslMode};

/// Makes the TLS set-up.
///
/// # Errors
/// A sentence that names the file that cannot be used, and why.
pub(super) fn connector(security: &Security) -> Result<MakeRustlsConnect, String> {
    let provider = Arc::new(ring::default_provider());
    let roots = match &security.roots {
        Roots::Anyone => Vec::new(),
        Roots::File(file) => certificates(file)?,
        Roots::System => rustls_native_certs::load_native_certs().certs,
    };
    let check = match (&security.roots, security.mode) {
        (_, SslMode::Disable | SslMode::Allow | SslMode::Prefer) | (Roots::Anyone, _) => Check::Nothing,
        // libpq: with a root certificate at hand, `require` checks the chain as `verify-ca` does.
        (Roots::File(_) | Roots::System, SslMode::Require | SslMode::VerifyCa) => Check::Chain,
        (Roots::File(_) | Roots::System, SslMode::VerifyFull) => Check::ChainAndName,
    };
    let verifier =
        Verifier { chain: chain(&roots, check, &provider)?, trusted: roots, check, provider: Arc::clone(&provider) };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match &security.certificate {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => builder
            .with_client_auth_cert(certificates(certificate)?, private_key(key)?)
            .map_err(|error| format!("the client certificate {} cannot be used: {error}", certificate.display()))?,
    };
    if security.direct {
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    Ok(MakeRustlsConnect::new(config))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let bytes = std::fs::read(file)
        .map_err(|error| format!("the certificate file {} cannot be read: {error}", file.display()))?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("the certificate file {} is not PEM: {error}", file.display()))?;
    if found.is_empty() {
        Err(format!("the certificate file {} holds no certificate", file.display()))
    } else {
        Ok(found)
    }
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let meta =
        std::fs::metadata(file).map_err(|error| format!("the key file {} cannot be read: {error}", file.display()))?;
    // libpq: 0600, or 0640 when root owns it.
    let allowed = if meta.uid() == 0 { 0o740 } else { 0o700 };
    let mode = meta.permissions().mode() & 0o777;
    if mode & !allowed != 0 {
        return Err(format!("the key file {} can be read by others (mode is {mode:04o}); chmod 600", file.display()));
    }
    let bytes = zeroize::Zeroizing::new(
        std::fs::read(file).map_err(|error| format!("the key file {} cannot be read: {error}", file.display()))?,
    );
    PrivateKeyDer::from_pem_slice(&bytes)
        .map_err(|_| format!("the key file {} holds no unencrypted PEM key", file.display()))
}

fn chain(
    roots: &[CertificateDer<'static>],
    check: Check,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<WebPkiServerVerifier>>, String> {
    if check == Check::Nothing {
        return Ok(None);
    }
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots.iter().cloned());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider)).build();
    verifier.map(Some).map_err(|error| format!("the root certificates cannot be used: {error}"))
}

/// How much of a server's certificate is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    Nothing,
    Chain,
    ChainAndName,
}

#[derive(Debug)]
struct Verifier {
    chain: Option<Arc<WebPkiServerVerifier>>,
    trusted: Vec<CertificateDer<'static>>,
    check: Check,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        let verdict = chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match (verdict, self.check) {
            (Ok(verified), _) => Ok(verified),
            // The name is looked at after the chain: only the name was wrong.
            (
                Err(Error::InvalidCertificate(
                    CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
                )),
                Check::Chain,
            ) => Ok(ServerCertVerified::assertion()),
            // A self-signed server certificate that is itself the root file is a common set-up; webpki wants an authority.
            (Err(Error::InvalidCertificate(CertificateError::Other(_))), _)
                if self.trusted.iter().any(|trusted| trusted == end_entity) =>
            {
                if self.check == Check::ChainAndName {
                    rustls::client::verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                }
                Ok(ServerCertVerified::assertion())
            }
            (Err(error), _) => Err(error),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
