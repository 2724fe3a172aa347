//! One connection: HTTP/1.1, or what TLS negotiated.

use crate::config::Limits;
use crate::doors::{Counted, Guest};
use crate::stream::Timed;
use axum::Router;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::pin::pin;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// Bytes of a request's head.
const HEAD: usize = 64 << 10;
/// Header fields of a request.
const FIELDS: usize = 100;
/// Requests at once on one HTTP/2 connection.
const STREAMS: u32 = 128;

/// What a client that never finished its request's head is told; its language is not known.
const SLOW: &str = "{\"type\":\"urn:ingot:problem:serve-head-slow\",\"title\":\"Request timeout\",\"status\":408,\
    \"detail\":\"the head of the request came too slowly\"}";

/// Serves a connection to its end: until the client leaves, the server drains (`closing` turns true), or the place is needed.
pub(crate) async fn serve(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    router: Router,
    limits: Limits,
    (guest, closing): (Guest, watch::Receiver<bool>),
) {
    tokio::select! {
        () = whole(stream, tls, guest.service(router), limits, closing) => {}
        () = guest.dismissed() => {}
    }
}

async fn whole(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    service: Counted,
    limits: Limits,
    closing: watch::Receiver<bool>,
) {
    // Small answers must not wait for more.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        return one(Timed::new(stream, limits.write_time), service, &limits, closing).await;
    };
    let Ok(Ok(stream)) = tokio::time::timeout(limits.header_time, tls.accept(stream)).await else {
        return;
    };
    let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let stream = Timed::new(stream, limits.write_time);
    if h2 {
        two(stream, service, &limits, closing).await;
    } else {
        one(stream, service, &limits, closing).await;
    }
}

async fn one<S>(stream: S, service: Counted, limits: &Limits, mut closing: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_time)
        .max_buf_size(HEAD)
        .max_headers(FIELDS)
        .serve_connection(TokioIo::new(stream), service);
    let mut drained = false;
    let ended = loop {
        tokio::select! {
            ended = &mut connection => break ended,
            () = told(&mut closing), if !drained => {
                drained = true;
                std::pin::Pin::new(&mut connection).graceful_shutdown();
            }
        }
    };
    // A head begun but not finished is answered; a connection that idled is just closed.
    if let Err(error) = ended
        && error.is_timeout()
    {
        let parts = connection.into_parts();
        if !parts.read_buf.is_empty() {
            let mut stream = parts.io.into_inner();
            let answer = format!(
                "HTTP/1.1 408 Request Timeout\r\ncontent-type: application/problem+json\r\n\
                 connection: close\r\ncontent-length: {}\r\n\r\n{SLOW}",
                SLOW.len()
            );
            let last = async {
                stream.write_all(answer.as_bytes()).await?;
                stream.shutdown().await
            };
            let _ = tokio::time::timeout(Duration::from_secs(1), last).await;
        }
    }
}

async fn two<S>(stream: S, service: Counted, limits: &Limits, mut closing: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.header_time)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(u32::try_from(HEAD).unwrap_or(u32::MAX))
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let mut drained = false;
    loop {
        tokio::select! {
            _ = connection.as_mut() => return,
            () = told(&mut closing), if !drained => {
                drained = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

async fn told(closing: &mut watch::Receiver<bool>) {
    // An error means that the server itself is gone, which also is an end.
    let _ = closing.wait_for(|closing| *closing).await;
}
