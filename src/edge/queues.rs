//! [`JobQueue`] on Queues. A message is a string: through the SDK's own encoding, maps and tagged enums come out empty
//! (<https://github.com/cloudflare/workers-rs/issues/1013>).

use crate::jobs::Job;
use crate::ports::{JobQueue, Pending, QueueError};
use worker::wasm_bindgen::JsValue;
use worker::{BatchMessageBuilder, Queue, QueueContentType, RawMessageBuilder};

/// The queue of deliveries.
pub struct PublishQueue {
    queue: Queue,
}

impl PublishQueue {
    /// The queue of a binding.
    pub const fn new(queue: Queue) -> Self {
        Self { queue }
    }
}

impl JobQueue for PublishQueue {
    fn send(&self, jobs: Vec<(Job, u32)>) -> Pending<'_, Result<(), QueueError>> {
        Box::pin(async move {
            let messages = jobs
                .into_iter()
                .map(|(job, delay_seconds)| {
                    let text = serde_json::to_string(&job)
                        .map_err(|error| QueueError(error.to_string()))?;
                    let message = RawMessageBuilder::new(JsValue::from_str(&text))
                        .delay_seconds(delay_seconds);
                    Ok(message.build_with_content_type(QueueContentType::Text))
                })
                .collect::<Result<Vec<_>, QueueError>>()?;
            let batch = BatchMessageBuilder::new().messages(messages).build();
            self.queue
                .send_raw_batch(batch)
                .await
                .map_err(|error| QueueError(error.to_string()))
        })
    }
}
