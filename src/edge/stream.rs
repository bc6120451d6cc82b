//! Byte streams of the runtime, read and written through one small buffer.
//!
//! Read by its own means, the runtime makes a buffer of 4 KiB and a dozen objects for each read, and collects them late:
//! an upload of 512 MiB in chunks took an isolate to 143 MiB, beyond the 128 that Cloudflare allows
//! (<https://developers.cloudflare.com/workers/platform/limits/#memory>). A buffer that the reader brings is filled and
//! given back, and holds the next bytes (<https://streams.spec.whatwg.org/#byob-readers>).

use futures_util::Stream;
use futures_util::future::{Either, select};
use futures_util::stream::try_unfold;
use std::future::Future;
use std::pin::pin;
use web_sys::{
    ReadableStream, ReadableStreamByobReader, WritableStream, WritableStreamDefaultWriter,
};
use worker::js_sys::{Reflect, Uint8Array};
use worker::wasm_bindgen::{JsCast as _, JsValue};
use worker::wasm_bindgen_futures::JsFuture;

/// The largest buffer, in bytes.
const BUFFER_MAX: u32 = 256 * 1024;

/// The smallest, in bytes.
const BUFFER_MIN: u32 = 1024;

/// One that is large enough for so many bytes, or of a size that is right for most of what does not say how long it is.
fn buffer(expected: Option<u64>) -> Uint8Array {
    let expected = expected.map_or(16 * 1024, |bytes| u32::try_from(bytes).unwrap_or(u32::MAX));
    Uint8Array::new_with_length(expected.clamp(BUFFER_MIN, BUFFER_MAX))
}

/// What arrives, in pieces. Dropped before its end, it tells the other side to stop.
pub(super) fn read(
    stream: &ReadableStream,
    expected: Option<u64>,
) -> impl Stream<Item = worker::Result<Vec<u8>>> + use<> {
    let reader = ReadableStreamByobReader::new(stream).map(|inner| Reader {
        inner,
        buffer: buffer(expected),
        is_open: true,
    });
    try_unfold(reader, |reader| async {
        let mut reader = reader?;
        let bytes = reader.next().await?;
        Ok(bytes.map(|bytes| (bytes, Ok(reader))))
    })
}

struct Reader {
    inner: ReadableStreamByobReader,
    buffer: Uint8Array,
    is_open: bool,
}

impl Reader {
    async fn next(&mut self) -> worker::Result<Option<Vec<u8>>> {
        let read = JsFuture::from(self.inner.read_with_array_buffer_view(&self.buffer));
        let read = read.await.inspect_err(|_| self.is_open = false)?;
        if Reflect::get(&read, &JsValue::from_str("done"))?.is_truthy() {
            self.is_open = false;
            return Ok(None);
        }
        let filled: Uint8Array = Reflect::get(&read, &JsValue::from_str("value"))?.dyn_into()?;
        let bytes = filled.to_vec();
        // The buffer that was brought is detached; this is its memory.
        self.buffer = Uint8Array::new(&filled.buffer());
        Ok(Some(bytes))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if self.is_open {
            // Whether it was heard does not matter; asked for its outcome, a refusal is nobody's unhandled error.
            drop(JsFuture::from(self.inner.cancel()));
        }
    }
}

/// Writes into a stream through a buffer of its own.
pub(super) struct Writer {
    inner: WritableStreamDefaultWriter,
    buffer: Uint8Array,
}

impl Writer {
    /// For about so many bytes.
    pub(super) fn new(stream: &WritableStream, expected: u64) -> worker::Result<Self> {
        Ok(Self {
            inner: stream.get_writer()?,
            buffer: buffer(Some(expected)),
        })
    }

    /// Returns when all of it has been taken.
    pub(super) async fn write(&self, bytes: &[u8]) -> worker::Result<()> {
        let room = usize::try_from(self.buffer.length()).unwrap_or(usize::MAX);
        for slice in bytes.chunks(room) {
            let filled = u32::try_from(slice.len()).unwrap_or(u32::MAX);
            let part = self.buffer.subarray(0, filled);
            part.copy_from(slice);
            JsFuture::from(self.inner.write_with_chunk(&part)).await?;
        }
        Ok(())
    }

    /// Says that this was all.
    pub(super) async fn close(self) -> worker::Result<()> {
        JsFuture::from(self.inner.close()).await?;
        Ok(())
    }

    /// Says that it will not become whole.
    pub(super) async fn abort(self) -> worker::Result<()> {
        JsFuture::from(self.inner.abort()).await?;
        Ok(())
    }

    /// Leaves the stream to somebody else.
    pub(super) fn release(self) {
        self.inner.release_lock();
    }
}

/// Makes a call and writes its body meanwhile.
///
/// # Errors
/// Those of the call, or of the writing.
pub(super) async fn while_writing<T>(
    call: impl Future<Output = worker::Result<T>>,
    writing: impl Future<Output = worker::Result<()>>,
) -> worker::Result<T> {
    match select(pin!(call), pin!(writing)).await {
        // An answer may come before everything is read: then the rest of it is of no use.
        Either::Left((answer, _)) => answer,
        Either::Right((written, call)) => {
            written?;
            call.await
        }
    }
}
