//! The sandbox as a program: stand-ins for X, and if asked for YouTube, on 127.0.0.1.
//!
//! ```text
//! sandbox [--port N] [--client-id ID] [--client-secret SECRET] [--redirect-uri URI]...
//!         [--consumer-key KEY --consumer-secret SECRET] [--youtube-port N] [--exit-with-stdin]
//! ```
//!
//! Prints one line of JSON when it is ready: `{"url":"http://127.0.0.1:PORT"}`. Port 0, the default, is any free one.
//! `--youtube-port` starts YouTube and its hub too, and the line then has a second member, `"youtube_url"`. Its hub
//! takes as long to accept a subscription as the real one, about 300 ms.
//! A consumer key and its secret are what OAuth 1.0a and app-only tokens need. Without a client secret a public client is registered. `--redirect-uri` may be given up to ten times, as at X, and takes
//! the place of the default. With `--exit-with-stdin` it ends when its standard input does, so that it never outlives
//! the process that started it.

#[path = "mod.rs"]
mod sandbox;

use std::{io::Write, process::ExitCode};

use sandbox::{
    Sandbox, Settings,
    youtube::{self, HubSettings, YouTube},
};
use serde_json::json;
use tokio::io::AsyncReadExt;

const USAGE: &str = "usage: sandbox [--port N] [--client-id ID] [--client-secret SECRET] [--redirect-uri URI]... \
                     [--consumer-key KEY --consumer-secret SECRET] [--youtube-port N] [--exit-with-stdin]";

struct Options {
    port: u16,
    youtube_port: Option<u16>,
    settings: Settings,
    exit_with_stdin: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(wrong) => {
            eprintln!("sandbox: {wrong}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let sandbox = match Sandbox::bind(options.port, options.settings).await {
        Ok(sandbox) => sandbox,
        Err(error) => {
            eprintln!("sandbox: cannot listen on port {}: {error}", options.port);
            return ExitCode::FAILURE;
        }
    };
    let youtube = match options.youtube_port {
        Some(port) => match YouTube::bind(port, youtube_settings()).await {
            Ok(youtube) => Some(youtube),
            Err(error) => {
                eprintln!("sandbox: cannot listen on port {port}: {error}");
                return ExitCode::FAILURE;
            }
        },
        None => None,
    };
    let ready = match &youtube {
        Some(youtube) => json!({"url": sandbox.url(), "youtube_url": youtube.url()}),
        None => json!({"url": sandbox.url()}),
    };
    if let Err(error) = writeln!(std::io::stdout(), "{ready}") {
        eprintln!("sandbox: cannot say that it is ready: {error}");
        return ExitCode::FAILURE;
    }
    if options.exit_with_stdin {
        // Both the end and a failure mean that nobody is there.
        let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
    } else {
        std::future::pending::<()>().await;
    }
    drop((sandbox, youtube));
    ExitCode::SUCCESS
}

/// For people: with the delays of the real hub, and with other ids each time, since Godwit posts a video id once for ever
/// and may remember those of the last time.
fn youtube_settings() -> youtube::Settings {
    youtube::Settings {
        seed: YouTube::now_ms().unsigned_abs(),
        hub: HubSettings {
            answers_after: 300,
            verifies_after: 500,
            ..HubSettings::default()
        },
        ..youtube::Settings::default()
    }
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options {
        port: 0,
        youtube_port: None,
        settings: Settings::default(),
        exit_with_stdin: false,
    };
    let mut redirect_uris = Vec::new();
    while let Some(argument) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .ok_or_else(|| format!("{argument} needs a value"))
        };
        match argument.as_str() {
            "--port" => {
                options.port = value()?.parse().map_err(|_| "--port takes 0 to 65535")?;
            }
            "--youtube-port" => {
                let port = value()?.parse();
                options.youtube_port = Some(port.map_err(|_| "--youtube-port takes 0 to 65535")?);
            }
            "--client-id" => options.settings.client_id = value()?,
            "--consumer-key" => options.settings.consumer_key = Some(value()?),
            "--consumer-secret" => options.settings.consumer_secret = Some(value()?),
            "--client-secret" => options.settings.client_secret = Some(value()?),
            "--redirect-uri" => redirect_uris.push(value()?),
            "--exit-with-stdin" => options.exit_with_stdin = true,
            _ => return Err(format!("{argument} is not known")),
        }
    }
    if redirect_uris.len() > 10 {
        return Err("X allows ten redirect URIs".into());
    }
    if !redirect_uris.is_empty() {
        options.settings.redirect_uris = redirect_uris;
    }
    Ok(options)
}
