//! [`HttpClient`] on the runtime's fetch.

use super::stream::{self, Writer, while_writing};
use crate::ports::{Around, ByteStream, HttpAnswer, HttpClient, HttpError, Pending};
use futures_util::StreamExt as _;
use worker::js_sys::Uint8Array;
use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::JsFuture;
use worker::worker_sys::FixedLengthStream;
use worker::{
    AbortSignal, Fetch, Headers, Method, Request, RequestInit, RequestRedirect, ResponseBody,
};

/// The longest answer that is read, in bytes.
const ANSWER_MAX_BYTES: usize = 4 * 1024 * 1024;

/// The runtime's fetch.
pub struct Fetcher;

impl HttpClient for Fetcher {
    fn open(
        &self,
        request: http::Request<Vec<u8>>,
        deadline_ms: u32,
    ) -> Pending<'_, Result<http::Response<ByteStream>, HttpError>> {
        Box::pin(async move {
            let signal = AbortSignal::from(web_sys::AbortSignal::timeout_with_u32(deadline_ms));
            let (parts, body) = request.into_parts();
            begin(parts, bytes_of(&body), &signal)
                .await
                .map_err(|error| lost(&signal, &error))
        })
    }

    fn send(
        &self,
        request: http::Request<Vec<u8>>,
        deadline_ms: u32,
    ) -> Pending<'_, Result<http::Response<Vec<u8>>, HttpError>> {
        Box::pin(async move {
            // The signal ends the reading of the body as well as the waiting for the headers.
            let signal = AbortSignal::from(web_sys::AbortSignal::timeout_with_u32(deadline_ms));
            exchange(request, &signal)
                .await
                .map_err(|error| lost(&signal, &error))
        })
    }
}

fn lost(signal: &AbortSignal, error: &worker::Error) -> HttpError {
    if signal.aborted() {
        HttpError::Timeout
    } else {
        HttpError::Lost(error.to_string())
    }
}

/// Sends a request with an object in the middle of its body. The runtime lets the object's bytes flow into the request;
/// they come neither into the wasm nor into the memory of the isolate.
pub(super) async fn send_around(
    request: http::Request<Around>,
    object: ResponseBody,
    bytes: u64,
    deadline_ms: u32,
) -> HttpAnswer {
    let signal = AbortSignal::from(web_sys::AbortSignal::timeout_with_u32(deadline_ms));
    let sent = exchange_around(request, object, bytes, &signal).await;
    sent.map_err(|error| lost(&signal, &error))
}

async fn exchange_around(
    request: http::Request<Around>,
    object: ResponseBody,
    bytes: u64,
    signal: &AbortSignal,
) -> worker::Result<http::Response<Vec<u8>>> {
    let ResponseBody::Stream(object) = object else {
        return Err(worker::Error::RustError(
            "the object is no stream".to_owned(),
        ));
    };
    let (parts, around) = request.into_parts();
    let length = bytes + (around.before.len() + around.after.len()) as u64;
    // Its length becomes the Content-Length.
    let pipe = FixedLengthStream::new_big_int(length.into())?;
    let call = begin(parts, Some(pipe.readable().into()), signal);
    let response = while_writing(call, fill(&pipe.writable(), &around, &object)).await?;
    read_whole(response).await
}

/// Writes the whole of it, each piece when the one before has been taken.
async fn fill(
    into: &web_sys::WritableStream,
    around: &Around,
    object: &web_sys::ReadableStream,
) -> worker::Result<()> {
    let writer = Writer::new(into, around.before.len() as u64)?;
    writer.write(&around.before).await?;
    writer.release();
    let options = web_sys::StreamPipeOptions::new();
    options.set_prevent_close(true);
    JsFuture::from(object.pipe_to_with_options(into, &options)).await?;
    let writer = Writer::new(into, around.after.len() as u64)?;
    writer.write(&around.after).await?;
    writer.close().await
}

/// The whole answer.
async fn exchange(
    request: http::Request<Vec<u8>>,
    signal: &AbortSignal,
) -> worker::Result<http::Response<Vec<u8>>> {
    let (parts, body) = request.into_parts();
    read_whole(begin(parts, bytes_of(&body), signal).await?).await
}

fn bytes_of(body: &[u8]) -> Option<JsValue> {
    (!body.is_empty()).then(|| JsValue::from(Uint8Array::from(body)))
}

async fn read_whole(
    response: http::Response<ByteStream>,
) -> worker::Result<http::Response<Vec<u8>>> {
    let (parts, mut stream) = response.into_parts();
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| worker::Error::RustError(error.to_string()))?;
        bytes.extend_from_slice(&chunk);
        if bytes.len() > ANSWER_MAX_BYTES {
            return Err(worker::Error::RustError(
                "the answer is too long".to_owned(),
            ));
        }
    }
    Ok(http::Response::from_parts(parts, bytes))
}

/// The answer as soon as its headers are there.
async fn begin(
    parts: http::request::Parts,
    body: Option<JsValue>,
    signal: &AbortSignal,
) -> worker::Result<http::Response<ByteStream>> {
    let headers = Headers::new();
    for (name, value) in &parts.headers {
        let value = value
            .to_str()
            .map_err(|error| worker::Error::RustError(error.to_string()))?;
        headers.append(name.as_str(), value)?;
    }
    let mut init = RequestInit::new();
    init.with_method(Method::from(parts.method.as_str().to_owned()))
        .with_headers(headers)
        // A redirect would carry the credentials elsewhere.
        .with_redirect(RequestRedirect::Manual);
    init.with_body(body);
    let request = Request::new_with_init(&parts.uri.to_string(), &init)?;
    let response = Fetch::Request(request).send_with_signal(signal).await?;
    let mut answer = http::Response::builder().status(response.status_code());
    for (name, value) in response.headers().entries() {
        answer = answer.header(name, value);
    }
    let length = response.headers().get("content-length")?;
    let length = length.and_then(|length| length.parse().ok());
    let signal = signal.clone();
    let stream: ByteStream = match response.body() {
        ResponseBody::Stream(stream) => Box::pin(
            stream::read(stream, length)
                .map(move |chunk| chunk.map_err(|error| lost(&signal, &error))),
        ),
        // Such as that of a 204.
        _ => Box::pin(futures_util::stream::empty()),
    };
    answer
        .body(stream)
        .map_err(|error| worker::Error::RustError(error.to_string()))
}
