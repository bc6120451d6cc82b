//! The server and its hub, over real connections. Nothing here waits for a time to pass.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::sandbox::youtube::YouTube;

/// Takes one request of the hub's; its head and body, and the connection to answer on.
async fn taken(subscriber: &TcpListener) -> (String, TcpStream) {
    let (mut stream, _) = subscriber.accept().await.unwrap();
    let mut read = Vec::new();
    loop {
        stream.read_buf(&mut read).await.unwrap();
        let text = String::from_utf8_lossy(&read).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let declared = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= declared.map_or(0, |length| length.parse().unwrap()) {
            return (text, stream);
        }
    }
}

async fn respond(mut stream: TcpStream, status: &str, body: &str) {
    let length = body.len();
    let answer =
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
    stream.write_all(answer.as_bytes()).await.unwrap();
}

async fn subscribe(youtube: &YouTube, callback: &str) -> u16 {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("hub.callback", callback)
        .append_pair("hub.mode", "subscribe")
        .append_pair("hub.topic", &topic(DEMO_CHANNEL))
        .append_pair("hub.secret", SECRET)
        .finish();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client
        .post(youtube.hub_url())
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await
        .unwrap();
    answer.status().as_u16()
}

/// The hub's request, confirmed if it is a verification.
async fn confirm(subscriber: &TcpListener) -> String {
    let (verification, stream) = taken(subscriber).await;
    let (_, rest) = verification.split_once("hub.challenge=").unwrap();
    let challenge: String = rest.chars().take_while(char::is_ascii_digit).collect();
    respond(stream, "200 OK", &challenge).await;
    verification
}

async fn subscriber() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, format!("http://{address}/hook?a=1"))
}

#[tokio::test]
async fn a_subscription_is_verified_and_a_short_is_told_to_it() {
    let youtube = YouTube::start().await;
    let (subscriber, callback) = subscriber().await;
    assert_eq!(subscribe(&youtube, &callback).await, 202);
    let verification = confirm(&subscriber).await;
    assert!(verification.starts_with("GET /hook?a=1&hub.topic=https%3A%2F%2F"));
    assert!(verification.contains("\r\nuser-agent: FeedFetcher-Google;"));
    // The client unpacks nothing, and so asks for nothing packed.
    assert!(!verification.contains("accept-encoding"));
    while youtube.tube().subscriptions(YouTube::now_ms()).is_empty() {
        tokio::task::yield_now().await;
    }
    let video = Video::short("Now");
    let id = youtube
        .tube()
        .publish(YouTube::now_ms(), "@godwit", video)
        .unwrap();
    let (notice, stream) = taken(&subscriber).await;
    respond(stream, "204 No Content", "").await;
    let (head, body) = notice.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /hook?a=1 HTTP/1.1\r\n"));
    assert!(head.contains("\r\ncontent-type: application/atom+xml\r\n"));
    let signature = Method::Sha1.sign(SECRET.as_bytes(), body.as_bytes());
    assert!(head.contains(&format!("\r\nx-hub-signature: {signature}")));
    assert!(body.contains(&id));
    while youtube.tube().counts().notices_delivered == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_verification_may_be_answered_before_the_subscribe_call_is() {
    let youtube = YouTube::with(Settings {
        hub: HubSettings {
            verifies: Verifies::Before,
            ..HubSettings::default()
        },
        ..Settings::default()
    })
    .await;
    let (subscriber, callback) = subscriber().await;
    let answered = async {
        let status = subscribe(&youtube, &callback).await;
        (
            status,
            youtube.tube().subscriptions(YouTube::now_ms()).len(),
        )
    };
    let ((status, subscriptions), _) = tokio::join!(answered, confirm(&subscriber));
    assert_eq!((status, subscriptions), (202, 1));
}

#[tokio::test]
async fn a_redirect_of_a_notification_is_not_followed() {
    let youtube = YouTube::start().await;
    let (subscriber, callback) = subscriber().await;
    subscribe(&youtube, &callback).await;
    confirm(&subscriber).await;
    while youtube.tube().subscriptions(YouTube::now_ms()).is_empty() {
        tokio::task::yield_now().await;
    }
    youtube
        .tube()
        .publish(YouTube::now_ms(), "@godwit", Video::short("x"));
    let (_, stream) = taken(&subscriber).await;
    respond(stream, "302 Found\r\nlocation: /elsewhere", "").await;
    let status = loop {
        let sent = youtube.tube().sent();
        if let Some(status) = sent.last().and_then(|sent| sent.status) {
            break status;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(status, 302);
    assert!(youtube.tube().next_at().is_some(), "it is tried again");
}

#[tokio::test]
async fn nobody_there_is_no_answer() {
    let youtube = YouTube::start().await;
    let (subscriber, callback) = subscriber().await;
    drop(subscriber);
    assert_eq!(subscribe(&youtube, &callback).await, 202);
    loop {
        let sent = youtube.tube().sent();
        match sent.first().and_then(|sent| sent.status) {
            Some(status) => return assert_eq!(status, 0),
            None => tokio::task::yield_now().await,
        }
    }
}
