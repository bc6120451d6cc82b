//! [`HttpClient`] on the runtime's fetch.

use crate::ports::{ByteStream, HttpClient, HttpError, Pending};
use futures_util::StreamExt as _;
use worker::wasm_bindgen::JsValue;
use worker::{AbortSignal, Fetch, Headers, Method, Request, RequestInit, RequestRedirect, web_sys};

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
            begin(request, &signal)
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

/// The whole answer.
async fn exchange(
    request: http::Request<Vec<u8>>,
    signal: &AbortSignal,
) -> worker::Result<http::Response<Vec<u8>>> {
    let (parts, mut stream) = begin(request, signal).await?.into_parts();
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
    request: http::Request<Vec<u8>>,
    signal: &AbortSignal,
) -> worker::Result<http::Response<ByteStream>> {
    let (parts, body) = request.into_parts();
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
    if !body.is_empty() {
        init.with_body(Some(JsValue::from(worker::js_sys::Uint8Array::from(
            body.as_slice(),
        ))));
    }
    let request = Request::new_with_init(&parts.uri.to_string(), &init)?;
    let mut response = Fetch::Request(request).send_with_signal(signal).await?;
    let mut answer = http::Response::builder().status(response.status_code());
    for (name, value) in response.headers().entries() {
        answer = answer.header(name, value);
    }
    let signal = signal.clone();
    let stream = response
        .stream()?
        .map(move |chunk| chunk.map_err(|error| lost(&signal, &error)));
    answer
        .body(Box::pin(stream) as ByteStream)
        .map_err(|error| worker::Error::RustError(error.to_string()))
}
