//! TLS with a certificate that the test makes.

use crate::fake::{Behaviour, score};
use crate::support::{Server, WAIT, row};
use ingot_serve::TlsFiles;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

fn server(made: &CertifiedKey<rcgen::KeyPair>) -> Server {
    Server::with(Behaviour::default(), |settings| {
        let cert = settings.packages[0].with_file_name("cert.pem");
        let key = settings.packages[0].with_file_name("key.pem");
        ingot_base::atomic::write(&cert, made.cert.pem().as_bytes()).unwrap();
        ingot_base::atomic::write_private(&key, made.signing_key.serialize_pem().as_bytes())
            .unwrap();
        settings.tls = Some(TlsFiles { cert, key });
    })
}

fn connect(
    address: SocketAddr,
    trusted: &CertificateDer<'static>,
    versions: &[&'static SupportedProtocolVersion],
) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(WAIT)).unwrap();
    StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), stream)
}

#[test]
fn both_versions_of_tls_are_spoken_and_plain_text_is_not() {
    let made = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let server = server(&made);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut stream = connect(server.address, made.cert.der(), &[version]);
        let body = row(30.0).to_string();
        let request = format!(
            "POST /api/predict HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains(&score(&[30.0, 0.0, 1.0]).to_string()));
    }
    let plain = server.client().try_send("GET", "/healthz", &[], b"");
    assert!(plain.is_err(), "{plain:?}");
}

#[test]
fn a_stranger_to_the_certificate_refuses_it() {
    let made = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let other = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let server = server(&made);
    let mut stream = connect(server.address, other.cert.der(), &[&rustls::version::TLS13]);
    assert!(stream.write_all(b"GET /healthz HTTP/1.1\r\n\r\n").is_err());
}
