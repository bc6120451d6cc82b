//! Large files, chunk by chunk: announced, sent in any order and as often as needed, and completed.

use super::model::{BYTES_MAX, Media, Status, chunk_len, chunks, piece};
use super::receive::{broke_off, created, look, read};
use super::store::{self, MediaRow};
use crate::app::App;
use crate::error::{Error, Kind};
use crate::http::idempotency::{Once, Work};
use crate::http::{Call, Reply};
use crate::identity::Caller;
use crate::ids::{MediaId, WorkspaceId};
use crate::ports::NotWhole;
use futures_util::TryStreamExt as _;

/// A large file, whose chunks will come one by one: 201 with the medium, which says how to cut it.
///
/// # Errors
/// `file_too_large`, or when the database does not answer.
pub(super) async fn announce(
    app: &App,
    caller: &Caller,
    bytes: u64,
    alt_text: Option<&str>,
    once: &Once,
) -> Result<Reply, Error> {
    if bytes == 0 || bytes > BYTES_MAX {
        return Err(Error::invalid_field(
            "/bytes",
            "file_too_large",
            format!("A file has 1 to {BYTES_MAX} bytes."),
        ));
    }
    let now = app.now();
    let id = MediaId::new(&*app.clock, &*app.random);
    let workspace = &caller.workspace_id;
    let insert = store::insert(workspace, &id, &caller.user_id, bytes, alt_text, now);
    let mut row = MediaRow::uploading(id.clone(), bytes, now);
    row.alt_text = alt_text.map(str::to_owned);
    let reply = created(row)?;
    let work = Work {
        statements: vec![insert],
        keep: store::KEEP,
        made: id.as_str(),
    };
    once.commit(app, work, &reply).await?;
    Ok(reply)
}

/// Keeps one chunk of a large file. Sent again, it takes the place of itself.
///
/// # Errors
/// [`Kind::NotFound`]; `not_uploading`; `wrong_chunk`.
pub async fn take_chunk(app: &App, call: &mut Call, id: &MediaId) -> Result<Media, Error> {
    let caller_workspace = call.caller()?.workspace_id.clone();
    let row = read(app, &caller_workspace, id).await?;
    if row.status != Status::Uploading {
        return Err(not_uploading());
    }
    let number = call.path.get("number").and_then(|text| text.parse().ok());
    let number: u32 = number
        .filter(|number| *number < chunks(row.bytes))
        .ok_or_else(|| Error::not_found("chunk"))?;
    let expected = chunk_len(row.bytes, number);
    let body = call.stream.take().unwrap_or_default().into_data_stream();
    let body = body.map_err(|error| error.to_string());
    let key = piece(id, number);
    let kept = app.blobs.put_arriving(&key, expected, Box::pin(body));
    match kept.await? {
        Ok(()) => {}
        Err(NotWhole::BrokeOff(why)) => return Err(broke_off(&why)),
        Err(NotWhole::OtherLength) => return Err(wrong_chunk(number, expected)),
    }
    let noted = store::received(&caller_workspace, id, number, app.now());
    if app.database.run(noted).await?.rows.is_empty() {
        return Err(not_uploading());
    }
    Ok(read(app, &caller_workspace, id).await?.into())
}

fn not_uploading() -> Error {
    Error::new(
        Kind::Conflict,
        "not_uploading",
        "This file is complete already, or was never to be sent in chunks.",
        "GET /api/v1/media/{id} shows where it stands.",
    )
}

fn wrong_chunk(number: u32, expected: u64) -> Error {
    Error::new(
        Kind::Malformed,
        "wrong_chunk",
        format!("Chunk {number} of this file has {expected} bytes, and another number came."),
        "Cut the file as `upload` of GET /api/v1/media/{id} says, and send the chunk again as application/octet-stream.",
    )
}

/// Says what a large file is when all of its chunks are there. Repeating it is safe.
///
/// # Errors
/// [`Kind::NotFound`]; `chunks_missing`; what is wrong with the file.
pub async fn complete(app: &App, workspace: &WorkspaceId, id: &MediaId) -> Result<Media, Error> {
    let mut row = read(app, workspace, id).await?;
    if row.status != Status::Uploading {
        return Ok(row.into());
    }
    let received: Vec<u32> = serde_json::from_str(&row.received).unwrap_or_default();
    let missing = (0..chunks(row.bytes)).find(|number| !received.contains(number));
    if let Some(missing) = missing {
        return Err(Error::new(
            Kind::Conflict,
            "chunks_missing",
            format!(
                "Of {} chunks, {} are there; the first that is missing is {missing}.",
                chunks(row.bytes),
                received.len()
            ),
            "Send what is missing, then complete it again.",
        ));
    }
    let flaw = look(app, &mut row).await?;
    app.database
        .run(store::finish(workspace, &row, app.now()))
        .await?;
    match flaw {
        Some(flaw) => Err(flaw),
        None => Ok(read(app, workspace, id).await?.into()),
    }
}
