//! Taking a file in: as it arrives, from an address, or chunk by chunk.
//!
//! A file lies in the bucket in pieces of [`CHUNK_BYTES`], so that nothing ever holds more of it than one. Its row is
//! written before its first piece, and says that it is uploading: what is never finished is found by that row and cleared
//! away. It is ready when all pieces are there and its bytes say what it is.

use super::inspect::{self, Bytes, Flaw};
use super::model::{ALT_TEXT_MAX, BYTES_MAX, CHUNK_BYTES, Media, Status, piece};
use super::store::{self, MediaRow};
use super::{chunked, facts, fetch};
use crate::app::App;
use crate::error::{Error, FieldError, Kind};
use crate::http::idempotency::{Once, Work};
use crate::http::{Call, Reply};
use crate::identity::Caller;
use crate::ids::{MediaId, UserId, WorkspaceId};
use crate::ports::{Pending, StorageError};
use axum::body::Body;
use futures_util::{Stream, StreamExt as _};
use http::{StatusCode, header};
use schemars::JsonSchema;
use serde::Deserialize;
use std::pin::pin;

/// A file that is to be fetched, or that will be sent in chunks.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [{ "required": ["url"] }, { "required": ["bytes"] }]))]
pub struct NewMedia {
    /// Where it is: an address that begins with `https://` and that everybody can reach.
    #[serde(default)]
    #[schemars(extend("format" = "uri"))]
    pub url: Option<String>,
    /// Instead of `url`: its size, for a file that will be sent in chunks, up to 16 GB.
    #[serde(default)]
    #[schemars(range(min = 1, max = 16_000_000_000_u64))]
    pub bytes: Option<u64>,
    /// What it shows, for those who do not see it: up to 1,000 characters.
    #[serde(default)]
    #[schemars(length(max = 1_000))]
    pub alt_text: Option<String>,
}

/// Takes a file in, however it comes: 201 with the medium.
///
/// # Errors
/// What is wrong with the request or the file; or that the file did not arrive whole.
pub async fn take(app: &App, mut call: Call) -> Result<Reply, Error> {
    match call.stream.take() {
        Some(body) => take_stream(app, &call, body).await,
        None => take_json(app, &call).await,
    }
}

async fn take_json(app: &App, call: &Call) -> Result<Reply, Error> {
    let caller = call.caller()?;
    let new: NewMedia = call.json()?;
    check_alt_text(new.alt_text.as_deref())?;
    let alt_text = new.alt_text.as_deref();
    match (new.url, new.bytes) {
        (Some(url), None) => {
            let incoming = fetch::open(app, &url).await?;
            let mut file = Incoming::begin(app, owner(caller), incoming.bytes, alt_text).await?;
            file.fill(incoming.stream).await?;
            file.finish(&call.once).await
        }
        (None, Some(bytes)) => chunked::announce(app, caller, bytes, alt_text, &call.once).await,
        (Some(_), Some(_)) => Err(Error::invalid_field(
            "/bytes",
            "url_and_bytes",
            "A file is either fetched from url or sent in chunks, and this has both.",
        )),
        (None, None) => Err(Error::invalid_field(
            "/url",
            "missing_field",
            "There is neither a url nor a size in bytes. A file itself is sent as multipart/form-data, or as it is with its Content-Type.",
        )),
    }
}

/// Fetches a picture for a workspace, which no request waits for.
///
/// # Errors
/// What is wrong with the file; or that it did not arrive whole.
pub async fn fetched(
    app: &App,
    workspace: &WorkspaceId,
    user: &UserId,
    url: &str,
) -> Result<MediaId, Error> {
    let incoming = fetch::open(app, url).await?;
    let mut file = Incoming::begin(app, (workspace, user), incoming.bytes, None).await?;
    let id = file.row.id.clone();
    file.fill(incoming.stream).await?;
    file.finish(&Once::default()).await?;
    Ok(id)
}

const fn owner(caller: &Caller) -> (&WorkspaceId, &UserId) {
    (&caller.workspace_id, &caller.user_id)
}

pub(super) fn created(row: MediaRow) -> Result<Reply, Error> {
    let location = format!("/api/v1/media/{}", row.id);
    let reply = Reply::json(StatusCode::CREATED, &Media::from(row))?;
    Ok(reply.with_header(header::LOCATION, &location))
}

async fn take_stream(app: &App, call: &Call, body: Body) -> Result<Reply, Error> {
    let announced = call
        .header("content-length")
        .and_then(|text| text.parse().ok());
    let content_type = call.header("content-type").unwrap_or("");
    if let Ok(boundary) = multer::parse_boundary(content_type) {
        return take_form(app, call, body, &boundary, announced).await;
    }
    let mut file = Incoming::begin(app, owner(call.caller()?), announced, None).await?;
    file.fill(body.into_data_stream()).await?;
    file.finish(&call.once).await
}

/// A form with the file as `file`, and `alt_text` before or behind it.
async fn take_form(
    app: &App,
    call: &Call,
    body: Body,
    boundary: &str,
    announced: Option<u64>,
) -> Result<Reply, Error> {
    let mut form = multer::Multipart::new(body.into_data_stream(), boundary);
    let mut file: Option<Incoming<'_>> = None;
    let mut alt_text = None;
    while let Some(mut field) = form.next_field().await.map_err(|error| bad_form(&error))? {
        match field.name() {
            Some("alt_text") => {
                let mut bytes = Vec::new();
                while let Some(piece) = field.chunk().await.map_err(|error| bad_form(&error))? {
                    bytes.extend_from_slice(&piece);
                    if bytes.len() > 8 * ALT_TEXT_MAX {
                        return Err(alt_text_too_long());
                    }
                }
                let text = String::from_utf8(bytes).map_err(|_| alt_text_too_long())?;
                check_alt_text(Some(&text))?;
                alt_text = Some(text).filter(|text| !text.is_empty());
            }
            Some("file") if file.is_none() => {
                let mut begun =
                    Incoming::begin(app, owner(call.caller()?), announced, None).await?;
                begun.fill(field).await?;
                file = Some(begun);
            }
            name => {
                let name = name
                    .unwrap_or_default()
                    .chars()
                    .take(100)
                    .collect::<String>();
                return Err(Error::invalid_field(
                    format!("/{name}"),
                    "unknown_field",
                    "The form has one file, as `file`, and may have an `alt_text`.",
                ));
            }
        }
    }
    let Some(mut file) = file else {
        return Err(Error::invalid_field(
            "/file",
            "missing_field",
            "The form has no file: a part of the name `file`.",
        ));
    };
    file.row.alt_text = alt_text;
    file.finish(&call.once).await
}

/// Refuses an alt text that X would refuse.
///
/// # Errors
/// `alt_text_too_long`.
pub fn check_alt_text(text: Option<&str>) -> Result<(), Error> {
    if text.is_some_and(|text| text.chars().count() > ALT_TEXT_MAX) {
        return Err(alt_text_too_long());
    }
    Ok(())
}

fn alt_text_too_long() -> Error {
    Error::invalid_field(
        "/alt_text",
        "alt_text_too_long",
        format!("An alt text has up to {ALT_TEXT_MAX} characters."),
    )
}

fn bad_form(error: &multer::Error) -> Error {
    Error::new(
        Kind::Malformed,
        "malformed_form",
        format!("The form cannot be read: {error}."),
        "Send multipart/form-data with one part `file`, as curl -F file=@picture.jpg does.",
    )
}

/// A file that is arriving.
struct Incoming<'a> {
    app: &'a App,
    workspace_id: &'a WorkspaceId,
    row: MediaRow,
    written: u32,
    buffer: Vec<u8>,
}

impl<'a> Incoming<'a> {
    async fn begin(
        app: &'a App,
        (workspace_id, user): (&'a WorkspaceId, &UserId),
        announced: Option<u64>,
        alt_text: Option<&str>,
    ) -> Result<Self, Error> {
        // What is not announced may be as long as a request: https://developers.cloudflare.com/workers/platform/limits/
        let expected = announced.unwrap_or(512 << 20).min(BYTES_MAX);
        let now = app.now();
        let id = MediaId::new(&*app.clock, &*app.random);
        let insert = store::insert(workspace_id, &id, user, expected, alt_text, now);
        app.database.run(insert).await?;
        let mut row = MediaRow::uploading(id, expected, now);
        row.alt_text = alt_text.map(str::to_owned);
        row.bytes = 0;
        Ok(Self {
            app,
            workspace_id,
            row,
            written: 0,
            buffer: Vec::new(),
        })
    }

    async fn fill<B: AsRef<[u8]>, E: std::fmt::Display>(
        &mut self,
        stream: impl Stream<Item = Result<B, E>>,
    ) -> Result<(), Error> {
        let mut stream = pin!(stream);
        while let Some(arrived) = stream.next().await {
            let arrived = arrived.map_err(|error| broke_off(&error))?;
            let mut rest = arrived.as_ref();
            while !rest.is_empty() {
                let room = piece_len().saturating_sub(self.buffer.len());
                let (fits, more) = rest.split_at(room.min(rest.len()));
                self.buffer.extend_from_slice(fits);
                rest = more;
                if self.buffer.len() == piece_len() {
                    self.write().await?;
                }
            }
        }
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.write().await
    }

    async fn write(&mut self) -> Result<(), Error> {
        self.row.bytes = self.row.bytes.saturating_add(self.buffer.len() as u64);
        if self.row.bytes > BYTES_MAX {
            return Err(Error::new(
                Kind::TooLarge,
                "file_too_large",
                format!("A file has up to {BYTES_MAX} bytes."),
                "Send a smaller file.",
            ));
        }
        let key = piece(&self.row.id, self.written);
        let bytes = std::mem::take(&mut self.buffer);
        self.app.blobs.put(&key, bytes).await?;
        self.written = self.written.saturating_add(1);
        Ok(())
    }

    /// Says what it is, and keeps that with the answer; what is nothing is cleared away by its row.
    async fn finish(mut self, once: &Once) -> Result<Reply, Error> {
        let app = self.app;
        let flaw = look(app, &mut self.row).await?;
        let statement = store::finish(self.workspace_id, &self.row, app.now());
        if let Some(flaw) = flaw {
            app.database.run(statement).await?;
            return Err(flaw);
        }
        let id = self.row.id.clone();
        let reply = created(self.row)?;
        let work = Work {
            statements: vec![statement],
            keep: store::KEEP,
            made: id.as_str(),
        };
        once.commit(app, work, &reply).await?;
        Ok(reply)
    }
}

fn piece_len() -> usize {
    usize::try_from(CHUNK_BYTES).unwrap_or(usize::MAX)
}

pub(super) fn broke_off(error: &impl std::fmt::Display) -> Error {
    Error::new(
        Kind::Malformed,
        "body_broke_off",
        format!("The file ended before it was complete: {error}."),
        "Send it again; a large one in chunks (POST /api/v1/media with its size in bytes).",
    )
}

/// One medium.
///
/// # Errors
/// [`Kind::NotFound`].
pub async fn read(app: &App, workspace: &WorkspaceId, id: &MediaId) -> Result<MediaRow, Error> {
    let row = app
        .database
        .run(store::read(workspace, id))
        .await?
        .first()?;
    row.ok_or_else(|| Error::not_found("media"))
}

/// Looks what a file is by its bytes, and writes it into its row; the error where it is nothing that can be posted.
pub(super) async fn look(app: &App, row: &mut MediaRow) -> Result<Option<Error>, Error> {
    let stored = Stored {
        app,
        id: &row.id,
        bytes: row.bytes,
    };
    match inspect::inspect(&stored).await {
        Ok(found) => {
            row.status = Status::Ready;
            row.kind = Some(found.kind);
            row.media_type = Some(found.media_type.to_owned());
            row.facts = facts::written(&found);
            (row.width, row.height) = (found.width, found.height);
            (row.duration_ms, row.frames) = (found.duration_ms, found.frames);
            Ok(None)
        }
        Err(Flaw::Unread(error)) => Err(error.into()),
        Err(flaw) => {
            row.status = Status::Failed;
            row.problem = Some(flaw.to_string());
            Ok(Some(Error::invalid(vec![FieldError::new(
                "/file",
                flaw.code(),
                format!("{flaw}"),
            )])))
        }
    }
}

/// A file as it lies in the bucket.
struct Stored<'a> {
    app: &'a App,
    id: &'a MediaId,
    bytes: u64,
}

impl Bytes for Stored<'_> {
    fn size_bytes(&self) -> u64 {
        self.bytes
    }

    fn read(&self, offset: u64, len: usize) -> Pending<'_, Result<Vec<u8>, StorageError>> {
        Box::pin(async move {
            let mut bytes = Vec::new();
            let mut at = offset;
            let end = offset.saturating_add(len as u64).min(self.bytes);
            while at < end {
                let number = u32::try_from(at / CHUNK_BYTES).unwrap_or(u32::MAX);
                let from = at % CHUNK_BYTES;
                let wanted = (end - at).min(CHUNK_BYTES - from);
                let key = piece(self.id, number);
                let got = self.app.blobs.get(&key, from, wanted).await?;
                let got = got.filter(|got| !got.is_empty()).ok_or_else(|| {
                    StorageError::Failed(format!("a piece of {} is not there", self.id))
                })?;
                at = at.saturating_add(got.len() as u64);
                bytes.extend_from_slice(&got);
            }
            Ok(bytes)
        })
    }
}
