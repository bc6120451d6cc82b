//! The server, over real connections. Nothing here waits for a time to pass.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::*;
use crate::sandbox::{Effect, On, Sandbox};

const ME: &str = "GET /2/users/me HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

async fn connect(sandbox: &Sandbox) -> TcpStream {
    let url = sandbox.url();
    let address = url.strip_prefix("http://").unwrap();
    TcpStream::connect(address).await.unwrap()
}

async fn exchange(sandbox: &Sandbox, request: &str) -> String {
    let mut stream = connect(sandbox).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn it_answers_on_a_port_of_its_own() {
    let (one, other) = (Sandbox::start().await, Sandbox::start().await);
    assert_ne!(one.url(), other.url());
    let answer = exchange(&one, ME).await;
    assert!(
        answer.starts_with("HTTP/1.1 401 Unauthorized\r\n"),
        "{answer}"
    );
    assert!(answer.contains("x-transaction-id: "));
    assert_eq!(one.x().counts().users_me, 1);
    assert_eq!(other.x().counts().users_me, 0);
}

#[tokio::test]
async fn a_drop_closes_the_connection_without_a_byte() {
    let sandbox = Sandbox::start().await;
    sandbox
        .x()
        .script(Fault::next(On::UsersMe, Effect::DropBefore));
    assert_eq!(exchange(&sandbox, ME).await, "");
    assert!(exchange(&sandbox, ME).await.starts_with("HTTP/1.1 401"));
}

#[tokio::test]
async fn a_hung_request_hangs_until_the_sandbox_is_gone() {
    let sandbox = Sandbox::start().await;
    sandbox
        .x()
        .script(Fault::next(On::UsersMe, Effect::HangBefore));
    let mut stream = connect(&sandbox).await;
    stream.write_all(ME.as_bytes()).await.unwrap();
    // Another request is answered after the first was received, so that one has had its turn and got nothing.
    while sandbox.x().counts().users_me < 1 {
        tokio::task::yield_now().await;
    }
    exchange(&sandbox, ME).await;
    assert!(
        stream
            .try_read(&mut [0])
            .is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    );
    drop(sandbox);
    assert!(matches!(stream.read(&mut [0]).await, Ok(0) | Err(_)));
}

#[tokio::test]
async fn a_delayed_answer_comes() {
    let sandbox = Sandbox::start().await;
    sandbox
        .x()
        .script(Fault::next(On::UsersMe, Effect::Delay { ms: 1 }));
    assert!(exchange(&sandbox, ME).await.starts_with("HTTP/1.1 401"));
}

#[tokio::test]
async fn a_body_beyond_all_reason_is_refused() {
    let sandbox = Sandbox::start().await;
    let request = format!(
        "POST /2/tweets HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        2 << 20
    );
    assert!(
        exchange(&sandbox, &request)
            .await
            .starts_with("HTTP/1.1 413")
    );
}

#[tokio::test]
async fn it_stops_when_dropped() {
    let sandbox = Sandbox::start().await;
    let url = sandbox.url();
    let address = url.strip_prefix("http://").unwrap();
    drop(sandbox);
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn media_may_be_longer_than_anything_else() {
    let sandbox = Sandbox::start().await;
    let head = |path: &str, length: usize| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
        )
    };
    let path = "/2/media/upload/1/append";
    let whole = head(path, 2 << 20) + &"x".repeat(2 << 20);
    assert!(exchange(&sandbox, &whole).await.starts_with("HTTP/1.1 401"));
    let too_long = head(path, 12 << 20);
    assert!(
        exchange(&sandbox, &too_long)
            .await
            .starts_with("HTTP/1.1 413")
    );
}
