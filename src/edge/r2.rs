//! [`Blobs`] on R2.

use super::fetch;
use crate::ports::{Around, Blobs, HttpAnswer, HttpClient, Pending, StorageError};
use worker::{Bucket, Range};

/// How many keys R2 forgets at once
/// (<https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#bucket-method-definitions>).
const DELETE_MAX: usize = 1_000;

/// A bucket.
pub struct R2 {
    bucket: Bucket,
}

impl R2 {
    /// The bucket of a binding.
    pub const fn new(bucket: Bucket) -> Self {
        Self { bucket }
    }
}

// R2 is strongly consistent, and what fails may be repeated.
fn transient(error: &worker::Error) -> StorageError {
    StorageError::Transient(format!("R2: {error}"))
}

impl Blobs for R2 {
    fn put(&self, key: &str, bytes: Vec<u8>) -> Pending<'_, Result<(), StorageError>> {
        let key = key.to_owned();
        Box::pin(async move {
            let put = self.bucket.put(key, bytes).execute().await;
            put.map(drop).map_err(|error| transient(&error))
        })
    }

    fn get(
        &self,
        key: &str,
        offset: u64,
        len: u64,
    ) -> Pending<'_, Result<Option<Vec<u8>>, StorageError>> {
        let key = key.to_owned();
        Box::pin(async move {
            let range = Range::OffsetWithLength {
                offset,
                length: len,
            };
            let got = self.bucket.get(key).range(range).execute().await;
            let Some(object) = got.map_err(|error| transient(&error))? else {
                return Ok(None);
            };
            match object.body() {
                Some(body) => body
                    .bytes()
                    .await
                    .map(Some)
                    .map_err(|error| transient(&error)),
                None => Ok(Some(Vec::new())),
            }
        })
    }

    fn delete(&self, keys: Vec<String>) -> Pending<'_, Result<(), StorageError>> {
        Box::pin(async move {
            for keys in keys.chunks(DELETE_MAX) {
                let deleted = self.bucket.delete_multiple(keys.to_vec()).await;
                deleted.map_err(|error| transient(&error))?;
            }
            Ok(())
        })
    }

    fn send<'a>(
        &'a self,
        key: &'a str,
        request: http::Request<Around>,
        _http: &'a dyn HttpClient,
        deadline_ms: u32,
    ) -> Pending<'a, Result<Option<HttpAnswer>, StorageError>> {
        Box::pin(async move {
            let got = self.bucket.get(key).execute().await;
            let Some(object) = got.map_err(|error| transient(&error))? else {
                return Ok(None);
            };
            let Some(body) = object.body() else {
                return Ok(None);
            };
            let body = body.response_body().map_err(|error| transient(&error))?;
            Ok(Some(
                fetch::send_around(request, body, object.size(), deadline_ms).await,
            ))
        })
    }
}
