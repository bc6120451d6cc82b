//! [`Blobs`] on R2.

use super::fetch;
use super::stream::{Writer, while_writing};
use crate::ports::{
    Around, Arriving, Blobs, HttpAnswer, HttpClient, NotWhole, Pending, StorageError,
};
use axum::body::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::once;
use std::future::ready;
use worker::worker_sys::FixedLengthStream;
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

    /// Puts what arrives as it arrives.
    async fn pour(
        &self,
        key: &str,
        len: u64,
        mut arriving: Arriving,
    ) -> worker::Result<Result<(), NotWhole>> {
        let pipe = FixedLengthStream::new_big_int(len.into())?;
        let put = self.bucket.put(key, pipe.readable()).execute();
        let writer = Writer::new(&pipe.writable(), len)?;
        let mut odd = None;
        let writing = async {
            let mut left = len;
            while let Some(more) = arriving.next().await {
                let why = match more {
                    Ok(more) => match left.checked_sub(more.len() as u64) {
                        Some(rest) => {
                            left = rest;
                            writer.write(&more).await?;
                            continue;
                        }
                        None => NotWhole::OtherLength,
                    },
                    Err(why) => NotWhole::BrokeOff(why),
                };
                odd = Some(why);
                return writer.abort().await;
            }
            if left > 0 {
                odd = Some(NotWhole::OtherLength);
                return writer.abort().await;
            }
            writer.close().await
        };
        let put = while_writing(put, writing).await;
        match odd {
            // The put failed because of it, and nothing was changed.
            Some(odd) => Ok(Err(odd)),
            None => put.map(|_| Ok(())),
        }
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
            let len = bytes.len() as u64;
            let whole = once(ready(Ok(Bytes::from(bytes))));
            match self.pour(&key, len, Box::pin(whole)).await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(odd)) => Err(StorageError::Failed(format!("R2: {odd:?}"))),
                Err(error) => Err(transient(&error)),
            }
        })
    }

    fn put_arriving<'a>(
        &'a self,
        key: &'a str,
        len: u64,
        arriving: Arriving,
    ) -> Pending<'a, Result<Result<(), NotWhole>, StorageError>> {
        Box::pin(async move {
            let poured = self.pour(key, len, arriving).await;
            poured.map_err(|error| transient(&error))
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
